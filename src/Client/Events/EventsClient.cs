using Coordinator.Client.Connection;
using Coordinator.V1;
using Google.Protobuf;
using Grpc.Core;
using System.Runtime.CompilerServices;

namespace Coordinator.Client;

/// <summary>Event logs. Every method throws <see cref="CoordinatorException"/> where it is refused or no coordinator answers.</summary>
public sealed class EventsClient
{
    private readonly Channels _channels;

    internal EventsClient(Channels channels) => _channels = channels;

    /// <summary>Appends one batch under a lease, all or nothing. The same batch again is stored once.</summary>
    /// <param name="lease">The lease of the log's resource.</param>
    /// <param name="batchSequence">From 1 under each token, without gaps.</param>
    /// <param name="events">1 to 1,000 events, 1 MiB in all.</param>
    /// <param name="cancellation">Ends the wait; the batch may have been stored all the same.</param>
    /// <returns>The sequence up to which batches are stored.</returns>
    public async Task<long> AppendAsync(LeaseId lease, long batchSequence, IEnumerable<WorkerEvent> events, CancellationToken cancellation = default)
    {
        var request = new AppendRequest { Resource = lease.Resource, Token = lease.Token, BatchSequence = batchSequence };
        request.Events.AddRange(events.Select(entry => entry.ToWire()));
        var response = await _channels.CallAsync(at => Client(at).AppendAsync(request, cancellationToken: cancellation), cancellation).ConfigureAwait(false);
        return response.AckedSequence;
    }

    /// <summary>The log behind a position, up to its present end. A gap stands where retention removed events.</summary>
    public async IAsyncEnumerable<LogItem> ReadAsync(string resource, long after = 0, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        while (true)
        {
            var request = new ReadRequest { Resource = resource, AfterSequence = after, PageSize = 1_000 };
            var page = await _channels.CallAsync(at => Client(at).ReadAsync(request, cancellationToken: cancellation), cancellation).ConfigureAwait(false);
            foreach (var item in Items(page.Gap, page.Events))
            {
                yield return item;
            }

            if (page.Events.Count == 0 || page.Events[^1].Sequence == page.LastSequence)
            {
                yield break;
            }

            after = page.Events[^1].Sequence;
        }
    }

    /// <summary>The log behind a position, then live, over breaks of the connection, until cancelled: every event once.</summary>
    public async IAsyncEnumerable<LogItem> FollowAsync(string resource, long after = 0, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        var responses = Streaming.ResumeAsync(
            _channels, at => Client(at).Follow(new() { Resource = resource, AfterSequence = after }, cancellationToken: cancellation), cancellation);
        await foreach (var response in responses.ConfigureAwait(false))
        {
            foreach (var item in Items(response.Gap, response.Events))
            {
                yield return item;
            }

            after = response.Events.Count > 0 ? response.Events[^1].Sequence : after;
        }
    }

    private static IEnumerable<LogItem> Items(Gap? gap, IEnumerable<StoredEvent> events)
    {
        if (gap is not null)
        {
            yield return new LogGap(gap.FromSequence, gap.ToSequence);
        }

        foreach (var stored in events)
        {
            yield return new LogEvent(
                stored.Sequence, stored.Type, stored.Payload.Memory, stored.Token, stored.Holder, stored.BatchSequence, stored.RecordedAt.ToDateTimeOffset());
        }
    }

    private static V1.Events.EventsClient Client(CallInvoker invoker) => new(invoker);
}

/// <summary>Something a worker reports.</summary>
/// <param name="Type">1 to 100 characters of A-Z a-z 0-9 . _ : ~ -</param>
/// <param name="Payload">Anything; counts against the 1 MiB of its batch.</param>
public readonly record struct WorkerEvent(string Type, ReadOnlyMemory<byte> Payload)
{
    internal int Bytes => Type.Length + Payload.Length;

    internal Event ToWire() => new() { Type = Type, Payload = ByteString.CopyFrom(Payload.Span) };
}

/// <summary>What a log has at a position: an event, or a gap.</summary>
public abstract record LogItem;

/// <summary>An event as it stands in the log.</summary>
/// <param name="Sequence">Its position: from 1, without gaps.</param>
/// <param name="Type">What kind it is.</param>
/// <param name="Payload">What its holder wrote.</param>
/// <param name="Token">The fencing token it was appended under.</param>
/// <param name="Holder">Who appended it.</param>
/// <param name="BatchSequence">The batch it came in.</param>
/// <param name="RecordedAt">When, on the store's clock.</param>
public sealed record LogEvent(
    long Sequence, string Type, ReadOnlyMemory<byte> Payload, long Token, string Holder, long BatchSequence, DateTimeOffset RecordedAt) : LogItem;

/// <summary>Events that retention removed before they were read.</summary>
/// <param name="From">The first position that is missing.</param>
/// <param name="To">The first that is there again.</param>
public sealed record LogGap(long From, long To) : LogItem;
