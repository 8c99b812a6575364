using System.Text.RegularExpressions;

namespace Coordinator.Gateway.Transcoding.Json;

/// <summary>The named formats of strings. A rule that names another stops the start.</summary>
internal static partial class Formats
{
    public const string Uuid = "uuid";
    public const string DateTime = "datetime";
    private const string TypeIdPrefix = "typeid:";
    private const int TypeIdSuffix = 26;
    private const int MaxTypeIdPrefix = 63;

    /// <summary>Of any version from 1 to 8, in any case.</summary>
    public const string UuidPattern = "^([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-8][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12})$";

    public static bool IsKnown(string format) => format is Uuid or DateTime || (format.StartsWith(TypeIdPrefix, StringComparison.Ordinal) && format.Length > TypeIdPrefix.Length);

    /// <summary>A regular expression that says nearly the same, for schemas.</summary>
    public static string PatternOf(string format) => format switch
    {
        Uuid => UuidPattern,
        DateTime => Times.Pattern,
        _ => $"^{format[TypeIdPrefix.Length..]}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$",
    };

    public static void Check(string format, string text, Violations violations)
    {
        switch (format)
        {
            case Uuid:
                if (text.EndsWith('\n') || !AcceptedUuid().IsMatch(text))
                {
                    violations.BadFormat(Uuid, UuidPattern);
                }

                break;
            case DateTime:
                if (!Times.TryParse(text, out _))
                {
                    violations.BadFormat(DateTime, Times.Pattern);
                }

                break;
            default:
                CheckTypeId(format[TypeIdPrefix.Length..], text, violations);
                break;
        }
    }

    // A prefix, an underscore and 128 bits in 26 characters of Crockford's base 32: https://github.com/jetify-com/typeid
    // Each thing is judged by itself, so that whoever sends something else learns all that is wrong with it.
    private static void CheckTypeId(string prefix, string text, Violations violations)
    {
        var length = prefix.Length + 1 + TypeIdSuffix;
        if (text.Length != length)
        {
            var kind = text.Length < length ? ViolationKind.TooShort : ViolationKind.TooLong;
            violations.Add(new([], kind) { Bound = length, Exact = true, Text = $"TypeID must be {length} characters ({prefix}_<{TypeIdSuffix} char suffix>)" });
        }

        if (!text.StartsWith($"{prefix}_", StringComparison.Ordinal))
        {
            violations.Other($"TypeID must start with '{prefix}_'");
        }

        var suffix = text[Math.Min(text.Length, prefix.Length + 1)..];
        if (suffix.Length == 0 || !suffix.All(IsBase32))
        {
            violations.Other("TypeID suffix contains invalid base32 characters");
        }

        if (!IsTypeId(text))
        {
            violations.Other("TypeID is structurally invalid");
        }
    }

    // Of any prefix.
    private static bool IsTypeId(string text)
    {
        var underscore = text.LastIndexOf('_');
        var (prefix, suffix) = underscore < 0 ? ("a", text) : (text[..underscore], text[(underscore + 1)..]);
        return prefix is { Length: > 0 and <= MaxTypeIdPrefix } and not ['_', ..] && prefix.All(letter => letter is (>= 'a' and <= 'z') or '_')
            && suffix.Length == TypeIdSuffix && suffix[0] <= '7' && suffix.All(IsBase32);
    }

    // The framework's own parser lets more pass, such as groups that begin with 0x. In .NET "$" also stands before a last line feed.
    [GeneratedRegex(UuidPattern)]
    private static partial Regex AcceptedUuid();

    private static bool IsBase32(char letter) =>
        letter is (>= '0' and <= '9') or (>= 'a' and <= 'h') or 'j' or 'k' or 'm' or 'n' or (>= 'p' and <= 't') or (>= 'v' and <= 'z');
}
