"""The schema of the status, by hand: it is written by the operator only. Its default is the CRD's one default. Pure."""

from typing import Any


def _string(description: str) -> dict[str, Any]:
    return {"type": "string", "description": description}


def _integer(description: str) -> dict[str, Any]:
    return {"type": "integer", "description": description}


def _object(description: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "description": description, "properties": properties}


def _map(description: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "description": description, "additionalProperties": value}


def _strings(description: str) -> dict[str, Any]:
    return {"type": "array", "description": description, "items": {"type": "string"}}


_CONDITION: dict[str, Any] = {
    **_object(
        "A metav1.Condition",
        type=_string("Ready, Reconciling, Stalled, SpecValid, StackReady or WorkloadsReady"),
        status={**_string("True, False or Unknown"), "enum": ["True", "False", "Unknown"]},
        reason=_string("A word that stays the same between versions"),
        message=_string("For people"),
        observedGeneration=_integer("The generation that it was judged for"),
        lastTransitionTime={**_string("When status changed last"), "format": "date-time"},
    ),
    "required": ["type", "status", "reason", "message", "lastTransitionTime"],
}
_TASK_DEFINITION = _string("ARN of the task definition")

_DRIFT = _object(
    "What somebody has changed by hand, as of the last detection; absent where spec.drift wants none, and before the first",
    state=_string("InSync, Drifted, or Unknown where CloudFormation could not look at everything and found nothing"),
    checkedAt={**_string("When it was looked for last"), "format": "date-time"},
    resources={
        "type": "array",
        "description": "What is not as its template says, 20 at most",
        "items": _object(
            "A resource",
            logicalId=_string("In the template"),
            type=_string("CloudFormation's"),
            deleted={"type": "boolean", "description": "Whether it is gone"},
            properties=_strings("JSON pointers to the properties that differ, 20 at most"),
        ),
    },
    omitted=_integer("Resources and properties that are left out of the list"),
    message=_string("What could not be looked at, and why"),
    revert=_object(
        "What became of putting it back, where spec.drift.policy is Revert",
        state=_string("Done, Failed where it has not helped, or Refused where it was not tried"),
        of=_string("The checkedAt of the drift that it is of"),
        message=_string("What was done, or why it was not"),
    ),
)

STATUS: dict[str, Any] = {
    **_object(
        "What was observed",
        observedGeneration=_integer("The generation of the spec that this status tells of"),
        region=_string("Fixed at the first reconcile"),
        accountId=_string("Fixed at the first reconcile"),
        summary=_string("Running and desired tasks of the services"),
        lastHandledReconcileAt=_string("The last value of reconcile.fluxcd.io/requestedAt that was acted on"),
        conditions={
            "type": "array",
            "description": "Ready, Reconciling, Stalled and what they come from",
            "items": _CONDITION,
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["type"],
        },
        stack=_object(
            "The CloudFormation stack",
            name=_string("Its name"),
            id=_string("Its ARN"),
            status=_string("CloudFormation's StackStatus"),
            inputDigest=_string("Of spec, facts, compiler version and bounds"),
            templateDigest=_string("Of the template that the stack has"),
            attemptedDigest=_string("Of the template that was tried last"),
            attemptedGeneration=_integer("Of the spec whose template that was"),
            failures=_integer("How often the attempted template failed"),
            failure=_string("Why it failed last"),
            retryAt={**_string("When it is tried again, where time may mend it"), "format": "date-time"},
            movedAt={**_string("When a service that it waits for was last seen to move on"), "format": "date-time"},
            recoveries=_integer("How often the rollback at hand was continued"),
            passedOver=_strings("Logical IDs that were skipped or retained at the last try, as an annotation wished"),
            skipped=_strings("Logical IDs of what a rollback has skipped, and nothing has set right since"),
            annotations=_object(
                "What skip-rollback and retain said",
                before=_map("Before what is wrong now: that does not count", {"type": "string"}),
                tried=_map("At a try for it: each value has one", {"type": "string"}),
            ),
            undoing=_string("What the operator itself takes back: Cancel an update, or Recreate a stack that never came up"),
            updatedAt=_string("When CloudFormation last created or updated it"),
            warnings=_strings("Quotas that were about to break when the stack was written last"),
            drift=_DRIFT,
        ),
        plan=_object(
            "The change set that waits for approval",
            changeSetId=_string("Its ARN: what the annotation fargate-operator.dev/approve must say"),
            changes={
                "type": "array",
                "description": "What it does, 50 at most: what it removes or replaces first",
                "items": _object(
                    "A change of one resource",
                    action=_string("Add, Modify, Remove, Import or Dynamic"),
                    logicalId=_string("The resource's logical ID"),
                    type=_string("The resource's type"),
                    replacement=_string("Whether a modified resource is replaced: True, False or Conditional"),
                ),
            },
            omitted=_integer("How many changes are not shown"),
        ),
        clusterArn=_string("ARN of the ECS cluster"),
        images=_map(
            "By name in spec.images",
            _object(
                "What is deployed",
                uri=_string("With its digest where resolved"),
                repository=_string("Of an image that is built from source: where it goes"),
                commit=_string("Of an image that CodeBuild builds: the commit that uri was built from"),
                build=_string("Id of the build that was started last"),
            ),
        ),
        network=_object(
            "What tasks run with",
            subnetIds=_strings("Subnets"),
            securityGroupIds=_strings("Security groups"),
            assignPublicIp={"type": "boolean", "description": "Whether tasks get public addresses"},
        ),
        pins={
            **_object("What was looked up, and stays until the spec changes or on reconcile-now: the operator's own"),
            "x-kubernetes-preserve-unknown-fields": True,
        },
        services=_map(
            "By name",
            _object(
                "A service",
                serviceArn=_string("ARN of the ECS service"),
                taskDefinitionArn=_TASK_DEFINITION,
                desired=_integer("Tasks wished for"),
                running=_integer("Tasks that run"),
                pending=_integer("Tasks that start"),
                taskArns=_strings("ARNs of running tasks, 20 at most"),
                rollout=_string("ECS's RolloutState; of a rollout under way that moves traffic its lifecycle stage"),
                url=_string("Where it is reached: its host name, else the load balancer's"),
                message=_string("What is not as it should be"),
                stopped=_object(
                    "Why a task stopped last, or none could be started; absent while all is well",
                    message=_string("The cause, AWS's words, and lines of the container's log that begin with |"),
                    at={**_string("When"), "format": "date-time"},
                    taskArn=_string("ARN of the task"),
                    container=_string("The container that failed"),
                    exitCode=_integer("Its exit code; absent where it never ran"),
                ),
                spot=_object(
                    "Of a service that may run on Spot",
                    capacity=_string("What it runs on: Spot, OnDemand or Mixed"),
                    interruptions=_integer("How many of its tasks Spot has taken back"),
                    lastInterruptedAt={**_string("When the last"), "format": "date-time"},
                    until={**_string("Until when it runs on demand, for want of Spot capacity"), "format": "date-time"},
                    message=_string("Why it does, in ECS's words"),
                ),
            ),
        ),
        scheduledTasks=_map(
            "By name",
            _object(
                "A scheduled task",
                scheduleArn=_string("ARN of the schedule"),
                taskDefinitionArn=_TASK_DEFINITION,
                spot=_object(
                    "What became of runs that found no Spot; absent as long as there was none",
                    rescued=_integer("Tasks that were run on demand instead"),
                    lastRescuedAt={**_string("When the last of them was started"), "format": "date-time"},
                ),
            ),
        ),
        tasks=_map("By name", _object("A task", taskDefinitionArn=_TASK_DEFINITION)),
        functions=_map(
            "By name",
            _object("A function", functionArn=_string("ARN of the function"), url=_string("Its function URL")),
        ),
        httpApi=_object(
            "The HTTP API",
            id=_string("API Gateway's id"),
            url=_string("Where it is"),
            domainTarget=_string("Where the DNS record of its own host name must lead"),
            domainHostedZoneId=_string("Route 53's zone of domainTarget, for an alias record"),
        ),
        outputs=_map("The outputs of spec.outputs", {"type": "string"}),
    ),
    # without this kstatus calls an object that nobody looked at Current
    "default": {"observedGeneration": -1},
}
