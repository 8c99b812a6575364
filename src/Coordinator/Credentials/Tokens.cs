using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Coordinator.Credentials;

/// <summary>Tokens as they are made, kept and compared.</summary>
internal static partial class Tokens
{
    /// <summary>Longer ones are refused before they are hashed.</summary>
    public const int MaxLength = 1_024;

    private const int SecretBytes = 24;
    private const int CheckCharacters = 6;

    /// <summary>A new <c>lck_kind_secret_check</c>: easy to search for in what should not hold it, and typos show early.</summary>
    public static string Make(CredentialKind kind)
    {
        var body = $"lck_{kind.ToString().ToLowerInvariant()}_{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(SecretBytes))}";
        return $"{body}_{Check(body)}";
    }

    /// <summary>False for a token of our own making that was mistyped or cut; true for any other string.</summary>
    /// <remarks>Only what has the very shape of ours is checked: a token given at start may be any string, also one that begins like them.</remarks>
    public static bool LooksWhole(string token) =>
        !Made().IsMatch(token) || Check(token[..^(CheckCharacters + 1)]) == token[^CheckCharacters..];

    /// <summary>Whether it can stand in a header as it is.</summary>
    public static bool FitsHeader(string token) =>
        token.Length is > 0 and <= MaxLength && token.All(c => c is >= ' ' and <= '~') && token[0] != ' ' && token[^1] != ' ';

    /// <summary>What is kept of a token: lower-case hex.</summary>
    public static string Sha256(string token) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)));

    [GeneratedRegex(@"\Alck_(user|worker|runtime|gateway|admin)_[0-9a-f]{48}_[0-9a-f]{6}\z")]
    private static partial Regex Made();

    private static string Check(string body) => Sha256(body)[..CheckCharacters];
}
