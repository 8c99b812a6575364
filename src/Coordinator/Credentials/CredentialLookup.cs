using System.Security.Cryptography;
using System.Text;

namespace Coordinator.Credentials;

/// <summary>Finds the credential of a token, remembering the answer for a moment: a revoked one stops within 5 s.</summary>
internal sealed class CredentialLookup(ICredentialStore store, TimeProvider time)
{
    private const int MostRemembered = 100_000;
    private static readonly TimeSpan KnownFor = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan UnknownFor = TimeSpan.FromSeconds(1);

    // Apart, so that a flood of made-up tokens does not push out those that are good.
    private readonly RecentAnswers _known = new(MostRemembered, KnownFor, time);
    private readonly RecentAnswers _unknown = new(MostRemembered, UnknownFor, time);

    /// <summary>The credential, or null for a token that is nobody's.</summary>
    public ValueTask<Credential?> FindAsync(string token, CancellationToken cancellation) =>
        token.Length > Tokens.MaxLength || !Tokens.LooksWhole(token) ? default : FindByHashAsync(Tokens.Sha256(token), cancellation);

    /// <summary>Whether a credential that was found earlier is still valid: asked now and then by what stays open.</summary>
    public async ValueTask<bool> StillValidAsync(Credential credential, CancellationToken cancellation) =>
        await FindByHashAsync(credential.Sha256, cancellation).ConfigureAwait(false) is not null;

    private async ValueTask<Credential?> FindByHashAsync(string sha256, CancellationToken cancellation)
    {
        if (_known.TryGet(sha256, out var known))
        {
            return known;
        }

        if (_unknown.TryGet(sha256, out _))
        {
            return null;
        }

        var askedAt = time.GetTimestamp();
        var found = await store.FindAsync(sha256, cancellation).ConfigureAwait(false);
        if (found is not null && !CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(found.Sha256), Encoding.ASCII.GetBytes(sha256)))
        {
            found = null;
        }

        (found is null ? _unknown : _known).Set(sha256, found, askedAt);
        return found;
    }
}
