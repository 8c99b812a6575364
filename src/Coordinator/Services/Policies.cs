namespace Coordinator.Services;

/// <summary>The one table of who may call what: a method without a line here cannot be called at all.</summary>
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
        ["/coordinator.v1.Access/Check"] = Policy.AsNamed,
        ["/coordinator.v1.Access/CreateToken"] = Policy.Scope("tokens:write"),
        ["/coordinator.v1.Access/ListTokens"] = Policy.Scope("tokens:read"),
        ["/coordinator.v1.Access/RevokeToken"] = Policy.Scope("tokens:write"),
    });

    /// <summary>Every method that may be called.</summary>
    public IEnumerable<string> Methods => byMethod.Keys;

    public Policy? Of(string method) => byMethod.GetValueOrDefault(method);
}
