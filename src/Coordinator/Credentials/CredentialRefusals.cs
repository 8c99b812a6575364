using Coordinator.Leases;

namespace Coordinator.Credentials;

/// <summary>The sentences of the refusals that a credential store decides: the same from each store.</summary>
internal static class CredentialRefusals
{
    /// <summary>Also where another hash begins with the same 64 bits, which nobody will see.</summary>
    public static Refusal Full() => new(RefusalKind.LimitExceeded, "The account has as many tokens as it may: revoke some that are no longer used");
}
