-- Argo CD's health of a FargateApp. Argo CD reads it from the ConfigMap argocd-cm, in its own namespace:
--
--   data:
--     resource.customizations.health.fargate-operator.dev_FargateApp: |
--       <this file>
--
-- Without it Argo CD takes an app for healthy as soon as it is applied.
local function condition(kind)
  local status = obj.status or {}
  for _, one in ipairs(status.conditions or {}) do
    if one.type == kind then
      return one
    end
  end
  return {}
end

local function health(status, one, otherwise)
  local message = one.message
  if message == nil or message == "" then
    message = one.reason or otherwise
  end
  return { status = status, message = message }
end

if obj.metadata.deletionTimestamp ~= nil then
  return health("Progressing", condition("Stalled"), "the app is being deleted")
end
if obj.status == nil or obj.status.observedGeneration ~= obj.metadata.generation then
  return { status = "Progressing", message = "the operator has not seen this spec yet" }
end
if condition("Stalled").status == "True" then
  return health("Degraded", condition("Stalled"))
end
if condition("Reconciling").reason == "AwaitingApproval" then -- Argo CD's Suspended waits for somebody, too
  return health("Suspended", condition("Reconciling"))
end
if condition("Reconciling").status == "True" then
  return health("Progressing", condition("Reconciling"))
end
local ready = condition("Ready")
if ready.status == "True" then
  return health("Healthy", ready)
end
if ready.reason == "Suspended" then
  return health("Suspended", ready)
end
if ready.status == "False" then -- neither at work nor stopped: tasks that do not run, a rollout that failed
  return health("Degraded", ready)
end
return health("Progressing", ready, "the operator has not judged this spec yet")
