using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;

namespace Coordinator.Credentials;

/// <summary>Finds the credential of a token, remembering the answer for a moment: a revoked one stops within 5 s.</summary>
internal sealed class CredentialLookup(ICredentialStore store, TimeProvider time)
{
    private const int MostRemembered = 100_000;
    private static readonly TimeSpan KnownFor = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan UnknownFor = TimeSpan.FromSeconds(1);
    private readonly ConcurrentDictionary<string, (Credential? Credential, long At)> _remembered = new();

    /// <summary>The credential, or null for a token that is nobody's.</summary>
    public ValueTask<Credential?> FindAsync(string token, CancellationToken cancellation) =>
        token.Length > Tokens.MaxLength || !Tokens.LooksWhole(token) ? default : FindByHashAsync(Tokens.Sha256(token), cancellation);

    /// <summary>Whether a credential that was found earlier is still valid: asked now and then by what stays open.</summary>
    public async ValueTask<bool> StillValidAsync(Credential credential, CancellationToken cancellation) =>
        await FindByHashAsync(credential.Sha256, cancellation).ConfigureAwait(false) is not null;

    private async ValueTask<Credential?> FindByHashAsync(string sha256, CancellationToken cancellation)
    {
        if (_remembered.TryGetValue(sha256, out var known)
            && time.GetElapsedTime(known.At) < (known.Credential is null ? UnknownFor : KnownFor))
        {
            return known.Credential;
        }

        var found = await store.FindAsync(sha256, cancellation).ConfigureAwait(false);
        if (found is not null && !CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(found.Sha256), Encoding.ASCII.GetBytes(sha256)))
        {
            found = null;
        }

        if (_remembered.Count >= MostRemembered)
        {
            _remembered.Clear();
        }

        _remembered[sha256] = (found, time.GetTimestamp());
        return found;
    }
}
