namespace Coordinator.Services;

/// <summary>The one table of who may call what: a method without a line here cannot be called at all.</summary>
internal static class Policies
{
    /// <summary>No credential is asked for.</summary>
    public const string Public = "public";

    /// <summary>Any valid credential, whatever its scopes.</summary>
    public const string AnyCredential = "any";

    private static readonly Dictionary<string, string> ByMethod = new()
    {
        ["/grpc.health.v1.Health/Check"] = Public,
        ["/grpc.health.v1.Health/Watch"] = Public,
        ["/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"] = AnyCredential,
        ["/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"] = AnyCredential,
        ["/coordinator.v1.Sessions/Connect"] = "sessions:connect",
        ["/coordinator.v1.Leases/Acquire"] = "leases:write",
        ["/coordinator.v1.Leases/Renew"] = "leases:write",
        ["/coordinator.v1.Leases/Release"] = "leases:write",
        ["/coordinator.v1.Leases/Revoke"] = "leases:revoke",
        ["/coordinator.v1.Leases/Cancel"] = "leases:revoke",
        ["/coordinator.v1.Leases/Get"] = "leases:read",
        ["/coordinator.v1.Leases/List"] = "leases:read",
        ["/coordinator.v1.Leases/CheckToken"] = "leases:read",
        ["/coordinator.v1.Leases/Watch"] = "leases:read",
        ["/coordinator.v1.Events/Append"] = "events:write",
        ["/coordinator.v1.Events/Read"] = "events:read",
        ["/coordinator.v1.Events/Follow"] = "events:read",
    };

    /// <summary>Every method that may be called.</summary>
    public static IReadOnlyCollection<string> Methods => ByMethod.Keys;

    public static string? Of(string method) => ByMethod.GetValueOrDefault(method);
}
