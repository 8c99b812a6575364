using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace Coordinator.Limits;

/// <summary>Counts calls and says which are beyond their limit.</summary>
internal sealed class Limiter(ILimitStore store, LimitRules rules)
{
    /// <summary>Whether calls of this kind are counted at all.</summary>
    public bool Counts(LimitKind kind) => rules.Of(kind) > 0;

    /// <summary>Counts a call; null where nobody counts it.</summary>
    /// <param name="presented">The SHA-256 of the token that came with the call, whether it is anybody's or not; null for none.</param>
    public async ValueTask<LimitAnswer?> CountAsync(LimitKind kind, IPAddress client, string? presented, CancellationToken cancellation)
    {
        var limit = rules.Of(kind);
        var address = ClientAddress.Plain(client);
        if (limit == 0 || rules.Exempt.Any(network => network.Contains(address)))
        {
            return null;
        }

        var counted = await store.CountAsync(Subject(kind, address, presented), limit, LimitRules.Window, cancellation).ConfigureAwait(false);
        return new(limit, Math.Max(0, limit - counted.Count), counted.EndsIn, counted.Count > limit);
    }

    // Hashed: the store sees neither addresses nor anything by which a credential is found, and every subject has the same length.
    private static string Subject(LimitKind kind, IPAddress address, string? presented)
    {
        var who = kind == LimitKind.Tunnels && presented is not null ? $"credential {presented}" : $"address {ClientAddress.Subject(address)}";
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes($"{kind} {who}")));
    }
}

/// <summary>Where a caller stands after a call.</summary>
/// <param name="Remaining">How many more are allowed in this window.</param>
/// <param name="EndsIn">Until the next window.</param>
/// <param name="Exceeded">This call was one too many.</param>
internal sealed record LimitAnswer(int Limit, int Remaining, TimeSpan EndsIn, bool Exceeded)
{
    /// <summary>Whole seconds after which the next window has surely begun.</summary>
    public int ResetSeconds => (int)Math.Ceiling(EndsIn.TotalSeconds);
}
