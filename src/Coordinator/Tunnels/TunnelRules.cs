using Coordinator.Leases;
using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace Coordinator.Tunnels;

/// <summary>Names of tunnels: slugs, hostnames, ids.</summary>
internal static partial class TunnelRules
{
    public const string Active = "active";
    public const string Stopped = "stopped";
    private const string SlugCharacters = "abcdefghijklmnopqrstuvwxyz0123456789";
    private const int RandomSlugLength = 8;

    public static Refusal? Slug(string slug) =>
        SlugPattern().IsMatch(slug) ? null
        : Refusal.Invalid("requested_slug", slug.Any(char.IsAsciiLetterUpper) ? "Uppercase characters are not allowed in slug."
            : slug.Contains('.', StringComparison.Ordinal) ? "Nested domains are not supported."
            : "Slug must match ^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$.");

    public static string RandomSlug() => RandomNumberGenerator.GetString(SlugCharacters, RandomSlugLength);

    public static bool IsHostname(string text) => text.Length <= 253 && HostnamePattern().IsMatch(text);

    [GeneratedRegex(@"\A[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?\z")]
    private static partial Regex SlugPattern();

    // RFC 1123, section 2.1.
    [GeneratedRegex(@"\A[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*\z")]
    private static partial Regex HostnamePattern();
}
