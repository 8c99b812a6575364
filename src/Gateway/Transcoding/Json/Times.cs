using System.Globalization;
using System.Text.RegularExpressions;

namespace Coordinator.Gateway.Transcoding.Json;

/// <summary>
/// ISO 8601 in UTC, to and from milliseconds since 1970 in the proleptic Gregorian calendar. The years are 0000 to 9999, one more
/// than <see cref="DateTime"/> has.
/// </summary>
internal static partial class Times
{
    /// <summary>Of what is accepted: "Z" alone, seconds optional, any fraction, days that exist.</summary>
    public const string Pattern =
        @"^(?:(?:\d\d[2468][048]|\d\d[13579][26]|\d\d0[48]|[02468][048]00|[13579][26]00)-02-29|\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|(?:02)-(?:0[1-9]|1\d|2[0-8])))T(?:(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?(?:Z))$";

    private const long MillisecondsADay = 86_400_000;

    // Days from 0000-03-01, where the years of this reckoning begin, to 1970-01-01.
    private const long DaysBefore1970 = 719_468;

    /// <summary>Milliseconds, what is finer cut off; false where the text is no such time.</summary>
    public static bool TryParse(string text, out long milliseconds)
    {
        milliseconds = 0;
        // In .NET "$" also stands before a last line feed.
        if (text.EndsWith('\n') || !Accepted().IsMatch(text))
        {
            return false;
        }

        var seconds = text[16] == ':' ? Number(text, 17, 2) : 0;
        var fraction = text.Length > 20 ? text[20..^1] : "";
        var days = Days(Number(text, 0, 4), Number(text, 5, 2), Number(text, 8, 2));
        var millis = int.Parse(fraction.PadRight(3, '0').AsSpan(0, 3), NumberStyles.None, CultureInfo.InvariantCulture);
        milliseconds = (days * MillisecondsADay) + (((((Number(text, 11, 2) * 60L) + Number(text, 14, 2)) * 60) + seconds) * 1_000) + millis;
        return true;
    }

    /// <summary>Whether the year is within 0000 to 9999.</summary>
    public static bool CanFormat(long milliseconds) => milliseconds is >= -62_167_219_200_000 and <= 253_402_300_799_999;

    /// <summary>With no decimals or with three.</summary>
    public static string Format(long milliseconds, bool decimals)
    {
        if (!CanFormat(milliseconds))
        {
            throw new ArgumentOutOfRangeException(nameof(milliseconds), milliseconds, "Not within the years 0000 to 9999.");
        }

        var (days, rest) = Math.DivRem(milliseconds, MillisecondsADay);
        if (rest < 0)
        {
            (days, rest) = (days - 1, rest + MillisecondsADay);
        }

        var (year, month, day) = Date(days);
        var time = TimeSpan.FromMilliseconds(rest);
        return string.Create(CultureInfo.InvariantCulture, $"{year:0000}-{month:00}-{day:00}T{time.ToString(decimals ? @"hh\:mm\:ss\.fff" : @"hh\:mm\:ss", CultureInfo.InvariantCulture)}Z");
    }

    // Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms": years from March, in eras of 400.
    private static long Days(int year, int month, int day)
    {
        var y = month <= 2 ? year - 1 : year;
        var era = (y >= 0 ? y : y - 399) / 400;
        var yearOfEra = y - (era * 400);
        var dayOfYear = (((153 * (month > 2 ? month - 3 : month + 9)) + 2) / 5) + day - 1;
        var dayOfEra = (yearOfEra * 365) + (yearOfEra / 4) - (yearOfEra / 100) + dayOfYear;
        return (era * 146_097L) + dayOfEra - DaysBefore1970;
    }

    private static (long Year, long Month, long Day) Date(long days)
    {
        var z = days + DaysBefore1970;
        var era = (z >= 0 ? z : z - 146_096) / 146_097;
        var dayOfEra = z - (era * 146_097);
        var yearOfEra = (dayOfEra - (dayOfEra / 1_460) + (dayOfEra / 36_524) - (dayOfEra / 146_096)) / 365;
        var dayOfYear = dayOfEra - ((365 * yearOfEra) + (yearOfEra / 4) - (yearOfEra / 100));
        var monthFromMarch = ((5 * dayOfYear) + 2) / 153;
        var month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
        return (yearOfEra + (era * 400) + (month <= 2 ? 1 : 0), month, dayOfYear - (((153 * monthFromMarch) + 2) / 5) + 1);
    }

    private static int Number(string text, int start, int length) => int.Parse(text.AsSpan(start, length), NumberStyles.None, CultureInfo.InvariantCulture);

    [GeneratedRegex(Pattern, RegexOptions.ECMAScript)]
    private static partial Regex Accepted();
}
