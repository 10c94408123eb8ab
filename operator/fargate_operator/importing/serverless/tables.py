"""What of a serverless.yml means nothing for the result, and what has no counterpart, each with its reason."""

# Means nothing for what runs: how the framework itself works, packages and reports.
TOP_NOTHING = {
    "frameworkVersion": "the framework's version",
    "configValidationMode": "how strict the framework reads its file",
    "useDotenv": "was heeded when the variables were resolved",
    "deprecationNotificationMode": "the framework's own messages",
    "disabledDeprecations": "the framework's own messages",
    "variablesResolutionMode": "the framework's own ways",
    "unresolvedVariablesNotificationMode": "the framework's own ways",
    "projectDir": "where the framework looks for its project",
    "licenseKey": "the framework's licence",
    "org": "the framework's dashboard",
    "app": "the framework's dashboard",
    "tenant": "the framework's dashboard",
    "dashboard": "the framework's dashboard",
    "console": "the framework's dashboard",
    "params": "were heeded when the variables were resolved",
    "package": "how the framework packs code; an image or an archive is yours to build",
    "build": "how the framework packs code",
}
PROVIDER_NOTHING = {
    "name": "aws, which is told otherwise",
    "profile": "whose credentials the framework takes; the operator has its own",
    "deploymentMethod": "how the framework calls CloudFormation",
    "deploymentBucket": "where the framework puts its archives",
    "deploymentPrefix": "where the framework puts its archives",
    "lambdaHashingVersion": "how the framework tells that code changed",
    "versionFunctions": "versions are published where provisionedConcurrency needs them",
    "cfnRole": "the role of CloudFormation is the operator's setting",
    "eventBridge": "how the framework makes rules",
    "resolver": "where the framework looks for values",
    "stage": "was heeded when the variables were resolved",
    "apiName": "the name of an API of another kind",
}
FUNCTION_NOTHING = {
    "package": "how the framework packs code",
    "versionFunction": "versions are published where provisionedConcurrency needs them",
    "build": "how the framework packs code",
}

# Plugins that only help with writing, packing and trying out.
HELPERS = frozenset(
    (
        "serverless-fargate",  # whose settings are imported
        "serverless-bundle",
        "serverless-dotenv-plugin",
        "serverless-esbuild",
        "serverless-localstack",
        "serverless-offline",
        "serverless-offline-sqs",
        "serverless-plugin-common-excludes",
        "serverless-plugin-include-dependencies",
        "serverless-plugin-typescript",
        "serverless-prune-plugin",
        "serverless-python-requirements",
        "serverless-webpack",
    )
)
# Their settings in `custom`.
HELPERS_SETTINGS = frozenset(
    "bundle dotenv esbuild localstack prune pythonRequirements serverless-offline serverless-offline-sqs webpack".split()  # noqa: SIM905
)

_API = "is of an API of another kind (REST or WebSocket); a FargateApp has HTTP APIs"
PROVIDER_LOST = {
    "apiGateway": _API,
    "apiKeys": _API,
    "usagePlan": _API,
    "resourcePolicy": _API,
    "endpointType": _API,
    "websocketsApiName": _API,
    "websocketsApiRouteSelectionExpression": _API,
    "websocketsDescription": _API,
    "alb": "has no counterpart for functions; services are behind a load balancer by http",
    "cloudFront": "has no counterpart; write the distribution in resources",
    "s3": "is not heeded for buckets of s3 events; write the bucket in resources",
    "logs": "has no counterpart for the logs of APIs",
    "kmsKeyArn": "has no counterpart; environment variables are encrypted with Lambda's own key",
    "awsKmsKeyArn": "has no counterpart; environment variables are encrypted with Lambda's own key",
    "logDataProtectionPolicy": "has no counterpart",
    "runtimeManagement": "has no counterpart",
    "stackPolicy": "has no counterpart; terminationProtection and changes.approval guard the stack",
    "notificationArns": "has no counterpart; the operator's events and conditions tell what happens",
    "stackParameters": "has no counterpart; a FargateApp has no parameters, write the values",
    "snapStart": "has no counterpart",
    "layers": "go with code only; give each function its own",
}
FUNCTION_LOST = {
    "name": "the function is named by CloudFormation; status.functions tells its ARN",
    "description": "has no counterpart",
    "role": "a function has a role of its own with the rights of iam; say them there",
    "kmsKeyArn": "has no counterpart; environment variables are encrypted with Lambda's own key",
    "awsKmsKeyArn": "has no counterpart; environment variables are encrypted with Lambda's own key",
    "snapStart": "has no counterpart",
    "fileSystemConfig": "has no counterpart for functions; services and tasks have volumes",
    "runtimeManagement": "has no counterpart",
    "condition": "has no counterpart; a FargateApp has no conditions",
    "dependsOn": "has no counterpart for functions; a reference makes CloudFormation wait",
    "maximumRetryAttempts": "has no counterpart; asynchronous invocations are tried twice more",
    "maximumEventAge": "has no counterpart",
    "disableLogs": "has no counterpart; functions log to the app's group",
    "logDataProtectionPolicy": "has no counterpart",
    "logs": "has no counterpart",
    "iamRoleStatements": "has no counterpart; rights in iam are all functions'",
    "iamRoleStatementsInherit": "has no counterpart; rights in iam are all functions'",
    "warmup": "has no counterpart; provisionedConcurrency keeps environments warm",
    "alarms": "has no counterpart; write the alarms in resources",
}
RESOURCES_LOST = {
    "Parameters": "has no counterpart; a FargateApp has no parameters, write the values",
    "Conditions": "has no counterpart; a FargateApp has no conditions",
    "Mappings": "has no counterpart; write the values",
    "Rules": "has no counterpart",
    "Transform": "has no counterpart; write what it makes",
    "Metadata": "has no counterpart",
    "Description": "has no counterpart; a stack is described by its FargateApp's name",
    "AWSTemplateFormatVersion": "is the operator's to write",
}
EVENTS_LOST = "has no counterpart among events; write its resources and the permission in resources"
EMPTY = "is empty, so it is left out"
