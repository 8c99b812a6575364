using Coordinator.Leases;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Coordinator.Tails;

/// <summary>Names a tail to whoever may read it: where it is kept, and a secret of 128 random bits.</summary>
/// <param name="Tenant">The account: 32 hex characters.</param>
/// <param name="Script">Of a script's tail: the hash of its name; empty for a live tail.</param>
internal sealed partial record TailKey(string Tenant, string Script, string Id, string Secret)
{
    private const int SecretBytes = 16;

    /// <summary>A key of a new tail.</summary>
    /// <param name="script">Its script's name; null for a live tail.</param>
    public static TailKey Make(string tenant, string? script) => new(
        tenant, script is null ? "" : HashOf(script), Random(), Random());

    public ResourceKey Resource => ResourceKey.Of(Tenant, Script.Length == 0 ? $"{ResourceKey.Live}{Id}" : $"{KindOf(Script)}:{Id}");

    public string SecretHash => Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(Secret)));

    /// <summary>The kind of the records of a script's tails.</summary>
    public static string KindOfScript(string script) => KindOf(HashOf(script));

    public static ResourceKey ResourceOf(string tenant, string script, string id) => ResourceKey.Of(tenant, $"{KindOfScript(script)}:{id}");

    /// <summary>A script's name may be anything: its hash stands for it where it would be part of a key.</summary>
    public static string HashOf(string script) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(script)).AsSpan(0, 16));

    public static TailKey? Parse(string text) =>
        Shape().Match(text) is { Success: true } match
            ? new(match.Groups[1].Value, match.Groups[2].Value, match.Groups[3].Value, match.Groups[4].Value)
            : null;

    /// <summary>As it stands in a URL.</summary>
    public string Capability => $"{Tenant}-{Script}-{Id}-{Secret}";

    public override string ToString() => Resource.Name;

    private static string KindOf(string hash) => $"{ResourceKey.Tail}{hash}";

    private static string Random() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(SecretBytes));

    [GeneratedRegex(@"\A([0-9a-f]{32})-((?:[0-9a-f]{32})?)-([0-9a-f]{32})-([0-9a-f]{32})\z")]
    private static partial Regex Shape();
}
