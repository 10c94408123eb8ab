"""Where the template of an imported app differs from what the plugin compiles, on purpose: each with its reason.

(type, path from the logical ID on, reason); in a path, * stands for anything. What differs and is not listed is a fault; an entry
that nothing needs is one, too.
"""

_EXECUTION, _TASK, _SCHEDULER = "FargateIamExecutionRole", "FargateIamTaskRole", "FargateIamSchedulerRole"
_ROLE, _SCHEDULE, _DOCUMENT = "AWS::IAM::Role", "AWS::Scheduler::Schedule", "Properties.AssumeRolePolicyDocument.Statement[0]"

IMPROVEMENTS = [
    ("AWS::ECS::TaskDefinition", "*.Properties.ContainerDefinitions[0].Essential", "said, not left to ECS's own default"),
    ("AWS::ECS::TaskDefinition", "*.Properties.RuntimePlatform.OperatingSystemFamily", "ECS wants both where one is given"),
    ("AWS::ECS::Service", "*.Properties.ServiceName", "a fixed name makes replacement fail"),
    (
        "AWS::ECS::Service",
        "*.Properties.DeploymentConfiguration.DeploymentCircuitBreaker.*",
        "a deployment that fails is rolled back",
    ),
    ("AWS::Logs::LogGroup", "*.Properties.RetentionInDays", "30 days where nothing is said, instead of for ever"),
    (_ROLE, f"{_EXECUTION}.{_DOCUMENT}.Principal.Service*", "EventBridge does not need it: schedules have a role of their own"),
    (
        _ROLE,
        f"{_EXECUTION}.Properties.ManagedPolicyArns*",
        "the partition's own ARN; the policy of events is the scheduler's affair",
    ),
    (_ROLE, f"{_SCHEDULER}.*", "the role of schedules, with just their rights"),
    (_SCHEDULE, "*.Properties.Target.RoleArn.*", "the scheduler's own role instead of the execution role"),
    (_SCHEDULE, "*.Properties.State", "said, not left to the scheduler's own default"),
    (_SCHEDULE, "*.Properties.FlexibleTimeWindow.Mode", "required of a schedule: at once, as the rule has it"),
    (_SCHEDULE, "*.Properties.Target.EcsParameters.PropagateTags", "tasks have the tags of their definition"),
    ("Output", "ClusterArn.*", "the cluster's ARN is an output, too"),
    ("Output", "FargateOperatorState.*", "what the stack was made from"),
]
