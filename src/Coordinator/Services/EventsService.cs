using Coordinator.Events;
using Coordinator.Leases;
using Coordinator.V1;
using Grpc.Core;

namespace Coordinator.Services;

/// <summary>Event logs: append under a token, read, follow.</summary>
internal sealed class EventsService(Lessor lessor, EventReader reader) : V1.Events.EventsBase
{
    public override async Task<AppendResponse> Append(AppendRequest request, ServerCallContext context)
    {
        var outcome = await lessor.AppendAsync(
            context.GetTenant(), request.Resource, request.Token, null, request.BatchSequence, request.Events.ToEntries(), context.CancellationToken)
            .ConfigureAwait(false);
        var step = outcome.OrThrow();
        return new() { AckedSequence = step.AckedSequence, LastSequence = step.LastSequence };
    }

    public override async Task<ReadResponse> Read(ReadRequest request, ServerCallContext context)
    {
        var outcome = await reader.ReadAsync(context.GetTenant(), request.Resource, request.AfterSequence, request.PageSize, context.CancellationToken)
            .ConfigureAwait(false);
        var page = outcome.OrThrow();
        var response = new ReadResponse { Gap = GapBefore(request.AfterSequence, page.Events), LastSequence = page.LastSequence };
        response.Events.AddRange(page.Events.Select(stored => stored.ToWire()));
        return response;
    }

    public override async Task Follow(FollowRequest request, IServerStreamWriter<FollowResponse> responseStream, ServerCallContext context)
    {
        var after = request.AfterSequence;
        var ended = context.GetStream().Ended;
        var pages = reader.FollowAsync(context.GetTenant(), request.Resource, after, ended);
        await foreach (var outcome in pages.ConfigureAwait(false))
        {
            var events = outcome.OrThrow();
            var response = new FollowResponse { Gap = GapBefore(after, events) };
            response.Events.AddRange(events.Select(stored => stored.ToWire()));
            await responseStream.WriteAsync(response, ended).ConfigureAwait(false);
            after = events[^1].Sequence;
        }
    }

    private static Gap? GapBefore(long after, IReadOnlyList<Events.StoredEvent> events) =>
        events.Count > 0 && events[0].Sequence > after + 1
            ? new() { FromSequence = after + 1, ToSequence = events[0].Sequence }
            : null;
}
