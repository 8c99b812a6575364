using Coordinator.Leases;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Coordinator.Tails;

/// <summary>A regular expression of whoever opened a live tail: what it costs to match is bounded, whatever it says.</summary>
/// <remarks>
/// It runs without backtracking, in time that grows with the length of the text times the size of the expression, and both are bounded. There
/// are no back references and no looking around. The worst that was found within the bounds takes 0.8 s for its first text, in which its states
/// are made, and milliseconds for later ones.
/// </remarks>
internal sealed partial class LivePattern
{
    /// <summary>In characters.</summary>
    public const int MostText = 256;

    /// <summary>Its size with counted repeats written out: <c>(ab{3}){4}</c> counts as four times its characters and three.</summary>
    public const int MostSize = 256;

    /// <summary>In characters: what stands behind them in a text is not looked at.</summary>
    public const int MostSearched = 2_048;

    private readonly Regex _regex;

    private LivePattern(Regex regex) => _regex = regex;

    /// <summary>Refuses with what is wrong with the expression.</summary>
    public static Outcome<LivePattern> Compile(string text, string pointer)
    {
        if (text.Length > MostText || Size(text) > MostSize)
        {
            return Refusal.Invalid(pointer, $"A regular expression may have at most {MostText} characters, and repeats of {MostSize} in all.");
        }

        try
        {
            return new LivePattern(new(text, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant));
        }
        catch (RegexParseException failure)
        {
            return Refusal.Invalid(pointer, $"Not a regular expression: {failure.Error} at character {failure.Offset}.");
        }
        catch (NotSupportedException)
        {
            return Refusal.Invalid(pointer, "A regular expression can have no back references, and cannot look ahead or behind.");
        }
    }

    public bool IsMatch(string text) => _regex.IsMatch(text.AsSpan(0, Math.Min(text.Length, MostSearched)));

    // An estimate that is never too low: repeats of groups multiply all of it, for they may stand within each other, and others add.
    private static double Size(string text)
    {
        var (size, factor) = ((double)text.Length, 1.0);
        foreach (Match repeat in Repeats().Matches(text))
        {
            var most = repeat.Groups["most"] is { Success: true, Length: > 0 } most1 ? most1 : repeat.Groups["least"];
            var times = double.Parse(most.ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture);
            (size, factor) = repeat.Groups["group"].Success ? (size, factor * Math.Max(1, times)) : (size + times, factor);
        }

        return size * factor;
    }

    [GeneratedRegex(@"(?<group>\))?\{(?<least>[0-9]+)(?:,(?<most>[0-9]*))?\}", RegexOptions.ExplicitCapture)]
    private static partial Regex Repeats();
}
