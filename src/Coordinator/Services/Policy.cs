using Coordinator.Credentials;
using Coordinator.Limits;

namespace Coordinator.Services;

/// <summary>Who may call a method.</summary>
internal sealed record Policy
{
    /// <summary>No credential is asked for.</summary>
    public static readonly Policy Public = new();

    /// <summary>What the call names is secret, and whoever knows it may: its handler judges that.</summary>
    public static readonly Policy Capability = new();

    /// <summary>Any valid credential, whatever its scopes.</summary>
    public static readonly Policy AnyCredential = new();

    /// <summary>The call names a method, whose policy its handler goes by.</summary>
    public static readonly Policy AsNamed = new();

    private Policy(params string[] scopes) => Scopes = scopes;

    /// <summary>Any one of them is enough. Empty where scopes are not asked for.</summary>
    public IReadOnlyList<string> Scopes { get; }

    /// <summary>What its calls are counted under.</summary>
    public LimitKind Limit { get; private init; }

    /// <summary>A credential with any one of these scopes.</summary>
    public static Policy Scope(params string[] scopes) => new(scopes);

    /// <summary>The same, and its calls are counted.</summary>
    public Policy Under(LimitKind limit) => new([.. Scopes]) { Limit = limit };

    public bool Admits(Credential credential) => this == AnyCredential || Scopes.Any(credential.May);

    // By identity: each of the three without scopes is another.
    public bool Equals(Policy? other) => ReferenceEquals(this, other);

    public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);
}
