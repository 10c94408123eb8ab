"""Where the template of an imported app differs from what the plugin compiles, on purpose: each with its reason.

(type, path from the logical ID on, what it is, reason); in a path, * stands for anything, and what is ADDED must be what the plugin
has not at all. What differs and is not listed is a fault; an entry
that nothing needs is one, too.
"""

_EXECUTION, _TASK, _SCHEDULER = "FargateIamExecutionRole", "FargateIamTaskRole", "FargateIamSchedulerRole"
_ROLE, _SCHEDULE, _DOCUMENT = "AWS::IAM::Role", "AWS::Scheduler::Schedule", "Properties.AssumeRolePolicyDocument.Statement[0]"

ADDED, CHANGED = "added", "changed"

IMPROVEMENTS = [
    ("AWS::ECS::TaskDefinition", "*.Properties.ContainerDefinitions[0].Essential", ADDED, "said, not left to ECS's own default"),
    (
        "AWS::ECS::TaskDefinition",
        "*.Properties.RuntimePlatform.OperatingSystemFamily",
        ADDED,
        "ECS wants both where one is given",
    ),
    ("AWS::ECS::TaskDefinition", "*.Properties.ContainerDefinitions[0].StopTimeout", ADDED, "on Spot, the notice's two minutes"),
    ("AWS::ECS::Service", "*.Properties.ForceNewDeployment.*", ADDED, "on Spot, a move beside the template holds up no update"),
    ("AWS::ECS::Service", "*.Properties.ServiceName", CHANGED, "a fixed name makes replacement fail"),
    (
        "AWS::ECS::Service",
        "*.Properties.DeploymentConfiguration.DeploymentCircuitBreaker.*",
        ADDED,
        "a deployment that fails is rolled back",
    ),
    ("AWS::Logs::LogGroup", "*.Properties.RetentionInDays", ADDED, "30 days where nothing is said, instead of for ever"),
    (
        _ROLE,
        f"{_EXECUTION}.{_DOCUMENT}.Principal.Service*",
        CHANGED,
        "EventBridge does not need it: schedules have a role of their own",
    ),
    (
        _ROLE,
        f"{_EXECUTION}.Properties.ManagedPolicyArns*",
        CHANGED,
        "the partition's own ARN; the policy of events is the scheduler's affair",
    ),
    (_ROLE, f"{_SCHEDULER}.*", ADDED, "the role of schedules, with just their rights"),
    (_SCHEDULE, "*.Properties.Target.RoleArn.*", CHANGED, "the scheduler's own role instead of the execution role"),
    (_SCHEDULE, "*.Properties.State", ADDED, "said, not left to the scheduler's own default"),
    (_SCHEDULE, "*.Properties.FlexibleTimeWindow.Mode", ADDED, "required of a schedule: at once, as the rule has it"),
    (_SCHEDULE, "*.Properties.Target.EcsParameters.PropagateTags", ADDED, "tasks have the tags of their definition"),
    ("Output", "ClusterArn.*", ADDED, "the cluster's ARN is an output, too"),
    ("Output", "FargateOperatorState.*", ADDED, "what the stack was made from"),
]
