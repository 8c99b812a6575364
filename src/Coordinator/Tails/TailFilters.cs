using Coordinator.Leases;
using System.Net;
using System.Text.Json;

namespace Coordinator.Tails;

/// <summary>
/// Which messages a tail takes, compiled once from the list that its client sent: an event must pass all of it.
/// </summary>
/// <remarks>
/// A list of values is passed by any of them; an empty one asks for nothing. Methods and header names have no case; a header's query is
/// looked for within its value, and a query within the text of the logs. An outcome that is none of the known ones passes as unknown.
/// </remarks>
internal sealed class TailFilters
{
    /// <summary>How many a list may have.</summary>
    public const int MostFilters = 32;

    /// <summary>In bytes, of the whole list.</summary>
    public const int MostBytes = 64 * 1024;

    /// <summary>No filters: everything passes.</summary>
    public static readonly TailFilters None = new([], 1);

    private readonly IReadOnlyList<Func<TraceMessage, bool>> _tests;

    private TailFilters(IReadOnlyList<Func<TraceMessage, bool>> tests, double samplingRate) => (_tests, SamplingRate) = (tests, samplingRate);

    /// <summary>
    /// The share of what passes that is taken, from 0 to 1; of several the smallest. <see cref="Audience"/> takes it, after the filters.
    /// </summary>
    public double SamplingRate { get; }

    /// <summary>
    /// Refuses with <see cref="RefusalKind.InvalidField"/>, whose field is a JSON pointer (RFC 6901) into the body, such as
    /// <c>/filters/2/sampling_rate</c>.
    /// </summary>
    /// <param name="json">A list; empty or null for none.</param>
    /// <param name="self">Whoever started the tail: the address that <c>self</c> stands for. Null for unknown, which nothing passes.</param>
    public static Outcome<TailFilters> Compile(ReadOnlyMemory<byte> json, IPAddress? self)
    {
        if (!FilterList.Read(json, MostBytes, MostFilters).Try(out var filters, out var refusal))
        {
            return refusal;
        }

        var (tests, rate) = (new List<Func<TraceMessage, bool>>(), 1.0);
        foreach (var (filter, pointer) in filters)
        {
            if (filter.ValueKind != JsonValueKind.Object || !filter.EnumerateObject().Any())
            {
                return Refusal.Invalid(pointer, "A filter is an object with its name and value.");
            }

            foreach (var part in filter.EnumerateObject())
            {
                var at = FilterList.Under(pointer, part.Name);
                if (part.NameEquals("sampling_rate"))
                {
                    if (part.Value.ValueKind != JsonValueKind.Number || part.Value.GetDouble() is not (>= 0 and <= 1))
                    {
                        return Refusal.Invalid(at, "A sampling rate is a number from 0 to 1.");
                    }

                    rate = Math.Min(rate, part.Value.GetDouble());
                }
                else if (TailFilterKinds.Of(part, at, self).Try(out var test, out refusal))
                {
                    tests.Add(test);
                }
                else
                {
                    return refusal;
                }
            }
        }

        return new TailFilters(tests, rate);
    }

    /// <summary>Whether a message is wanted, before sampling.</summary>
    public bool Matches(TraceMessage message) => _tests.All(test => test(message));
}
