using Coordinator.Limits;

namespace Coordinator.Services;

/// <summary>The one table of who may call what, and how often: a method without a line here cannot be called at all.</summary>
internal sealed class Policies(IReadOnlyDictionary<string, Policy> byMethod)
{
    /// <summary>The table that the program goes by.</summary>
    public static readonly Policies Default = new(new Dictionary<string, Policy>
    {
        ["/grpc.health.v1.Health/Check"] = Policy.Public,
        ["/grpc.health.v1.Health/Watch"] = Policy.Public,
        ["/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"] = Policy.AnyCredential,
        ["/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"] = Policy.AnyCredential,
        ["/coordinator.v1.Sessions/Connect"] = Policy.Scope("sessions:connect"),
        ["/coordinator.v1.Leases/Acquire"] = Policy.Scope("leases:write"),
        ["/coordinator.v1.Leases/Renew"] = Policy.Scope("leases:write"),
        ["/coordinator.v1.Leases/Release"] = Policy.Scope("leases:write"),
        ["/coordinator.v1.Leases/Revoke"] = Policy.Scope("leases:revoke"),
        ["/coordinator.v1.Leases/Cancel"] = Policy.Scope("leases:revoke"),
        ["/coordinator.v1.Leases/Get"] = Policy.Scope("leases:read"),
        ["/coordinator.v1.Leases/List"] = Policy.Scope("leases:read"),
        ["/coordinator.v1.Leases/CheckToken"] = Policy.Scope("leases:read"),
        ["/coordinator.v1.Leases/Watch"] = Policy.Scope("leases:read"),
        ["/coordinator.v1.Events/Append"] = Policy.Scope("events:write"),
        ["/coordinator.v1.Events/Read"] = Policy.Scope("events:read"),
        ["/coordinator.v1.Events/Follow"] = Policy.Scope("events:read"),
        ["/coordinator.v1.Runs/Queue"] = Policy.Scope("runs:write"),
        ["/coordinator.v1.Runs/List"] = Policy.Scope("runs:read"),
        ["/coordinator.v1.Runs/Get"] = Policy.Scope("runs:read"),
        ["/coordinator.v1.Runs/ClaimNext"] = Policy.Scope("runs:write"),
        ["/coordinator.v1.Runs/Claim"] = Policy.Scope("runs:write"),
        ["/coordinator.v1.Runs/Report"] = Policy.Scope("runs:write").Under(LimitKind.Runs),
        ["/coordinator.v1.Runs/Release"] = Policy.Scope("runs:write"),
        ["/coordinator.v1.Runs/Cancel"] = Policy.Scope("runs:write"),
        ["/coordinator.v1.Runs/Pause"] = Policy.Scope("runs:write"),
        ["/coordinator.v1.Runs/Resume"] = Policy.Scope("runs:write"),
        ["/coordinator.v1.Runs/ReadEvents"] = Policy.Scope("runs:read"),
        ["/coordinator.v1.Runs/FollowEvents"] = Policy.Scope("runs:read"),
        ["/coordinator.v1.Workers/Register"] = Policy.Scope("workers:write"),
        ["/coordinator.v1.Workers/List"] = Policy.Scope("workers:read"),
        ["/coordinator.v1.Workers/Get"] = Policy.Scope("workers:read"),
        ["/coordinator.v1.Workers/Delete"] = Policy.Scope("workers:write"),
        // What a worker or a tunnel is given for itself is bound to it: its handler holds the id against the bound.
        ["/coordinator.v1.Workers/RecordHeartbeat"] = Policy.Scope("workers:write", "activity"),
        ["/coordinator.v1.Tunnels/Create"] = Policy.Scope("tunnels:write").Under(LimitKind.Tunnels),
        ["/coordinator.v1.Tunnels/List"] = Policy.Scope("tunnels:read").Under(LimitKind.Tunnels),
        ["/coordinator.v1.Tunnels/Heartbeat"] = Policy.Scope("tunnels:write", "tunnels:heartbeat").Under(LimitKind.Tunnels),
        ["/coordinator.v1.Tunnels/Delete"] = Policy.Scope("tunnels:write").Under(LimitKind.Tunnels),
        ["/coordinator.v1.Tunnels/RecordTelemetry"] = Policy.Scope("tunnels:write", "tunnels:heartbeat").Under(LimitKind.Tunnels),
        ["/coordinator.v1.Tails/Start"] = Policy.Scope("workers-scripts:write", "workers-tail:read"),
        ["/coordinator.v1.Tails/List"] = Policy.Scope("workers-scripts:write", "workers-tail:read"),
        ["/coordinator.v1.Tails/Delete"] = Policy.Scope("workers-scripts:write", "workers-tail:read"),
        ["/coordinator.v1.Tails/OpenLive"] = Policy.Scope("workers-observability:write"),
        ["/coordinator.v1.Tails/LiveHeartbeat"] = Policy.Scope("workers-observability:write"),
        ["/coordinator.v1.Tails/ListAccounts"] = Policy.AnyCredential,
        ["/coordinator.v1.Tails/ListMemberships"] = Policy.AnyCredential,
        // The capability in its first message is the credential.
        ["/coordinator.v1.Tails/Attach"] = Policy.Capability,
        ["/coordinator.v1.Access/Check"] = Policy.AsNamed,
        ["/coordinator.v1.Access/CreateToken"] = Policy.Scope("tokens:write"),
        ["/coordinator.v1.Access/ListTokens"] = Policy.Scope("tokens:read"),
        ["/coordinator.v1.Access/RevokeToken"] = Policy.Scope("tokens:write"),
    });

    /// <summary>Every method that may be called.</summary>
    public IEnumerable<string> Methods => byMethod.Keys;

    public Policy? Of(string method) => byMethod.GetValueOrDefault(method);
}
