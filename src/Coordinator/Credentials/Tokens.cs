using System.Security.Cryptography;
using System.Text;

namespace Coordinator.Credentials;

/// <summary>Tokens as they are made, kept and compared.</summary>
internal static class Tokens
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
    public static bool LooksWhole(string token)
    {
        if (!token.StartsWith("lck_", StringComparison.Ordinal))
        {
            return true;
        }

        var at = token.LastIndexOf('_');
        return Check(token[..at]) == token[(at + 1)..];
    }

    /// <summary>What is kept of a token: lower-case hex.</summary>
    public static string Sha256(string token) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)));

    private static string Check(string body) => Sha256(body)[..CheckCharacters];
}
