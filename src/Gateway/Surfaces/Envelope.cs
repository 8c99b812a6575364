using System.Globalization;
using System.Text.Json;

namespace Coordinator.Gateway.Surfaces;

/// <summary>The shape in which every failure of a surface comes. One instance serves all requests and holds nothing of them.</summary>
internal abstract class Envelope
{
    /// <summary>As <c>Surface.envelope</c> names it.</summary>
    public abstract string Name { get; }

    /// <summary>Headers that carry a token where no authorization header does; the first that does decides.</summary>
    public virtual IReadOnlyList<TokenHeader> TokenHeaders => [];

    /// <summary>The JSON Schema of its bodies.</summary>
    public abstract string Schema { get; }

    /// <summary>The failures that the surface tells apart, for its description.</summary>
    public abstract IReadOnlyList<Failure> Known { get; }

    /// <summary>Where the surface's status is another than the failure's own.</summary>
    public virtual int StatusOf(Failure failure) => failure.Status;

    /// <summary>One object.</summary>
    public abstract void WriteBody(Utf8JsonWriter json, Failure failure);

    /// <summary>Of any answer, where a limit was counted.</summary>
    public virtual void WriteLimit(IHeaderDictionary headers, Limit limit)
    {
    }

    /// <summary>The three headers of a limit, by their names.</summary>
    protected static void WriteLimit(IHeaderDictionary headers, Limit limit, string most, string remaining, string reset)
    {
        headers[most] = Text(limit.Most);
        headers[remaining] = Text(limit.Remaining);
        headers[reset] = Text(limit.Reset);
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>A fact as a number where it is one, else as it came; null where it was not said.</summary>
    protected static void WriteNumber(Utf8JsonWriter json, string name, Failure failure, string fact)
    {
        if (!failure.Facts.TryGetValue(fact, out var text))
        {
            json.WriteNull(name);
        }
        else if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
        {
            json.WriteNumber(name, number);
        }
        else
        {
            json.WriteString(name, text);
        }
    }
}

/// <summary>A header that carries a token.</summary>
/// <param name="Name">The header's.</param>
/// <param name="Of">A header that says whose token it is, which goes on to the coordinator to be judged; null for none.</param>
internal sealed record TokenHeader(string Name, string? Of = null);
