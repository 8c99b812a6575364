using Coordinator.Gateway.Transcoding.Calls;
using Coordinator.V1;
using Google.Protobuf;
using Grpc.Core;

namespace Coordinator.Gateway.Tails;

/// <summary>
/// What a tail sends, from one coordinator after another: where the one that is read goes away, another is asked for what comes next.
/// One caller at a time may read; filters may be replaced meanwhile.
/// </summary>
internal sealed class TailFeed : IDisposable
{
    private static readonly TimeSpan AnsweredWithin = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan AttachedWithin = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LeastPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan MostPause = TimeSpan.FromSeconds(1);
    private readonly Coordinators _coordinators;
    private readonly string _capability;
    private readonly Metadata _headers;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _life;
    private readonly CancellationToken _ends;
    private readonly Lock _gate = new();
    private TailCall? _call;
    private bool _isFirst = true;
    private long _after;
    private TimeSpan _pause = LeastPause;
    private ByteString? _filters;
    private ByteString? _sentFilters;
    private bool _isSending;

    private TailFeed(Coordinators coordinators, string capability, long after, Metadata headers, TimeProvider time, CancellationToken ends)
    {
        (_coordinators, _capability, _after, _headers, _time) = (coordinators, capability, after, headers, time);
        _life = CancellationTokenSource.CreateLinkedTokenSource(ends);
        _ends = _life.Token;
    }

    /// <summary>Throws an <see cref="RpcException"/> where the tail is nobody's, or no coordinator answers.</summary>
    /// <param name="after">The number of the last frame that the reader has; 0 for none.</param>
    /// <param name="ends">Ends the feed, also later.</param>
    public static async Task<TailFeed> AttachAsync(Coordinators coordinators, string capability, long after, Metadata headers, TimeProvider time, CancellationToken ends)
    {
        var feed = new TailFeed(coordinators, capability, after, headers, time, ends);
        try
        {
            await feed.AttachAsync(AnsweredWithin).ConfigureAwait(false);
            return feed;
        }
        catch
        {
            feed.Dispose();
            throw;
        }
    }

    /// <summary>What comes next: frames, or the end with why. Throws an <see cref="OperationCanceledException"/> once the feed is ended from here.</summary>
    public async Task<TailsAttachResponse> NextAsync()
    {
        while (true)
        {
            try
            {
                if (await ReadAsync().ConfigureAwait(false) is { } response)
                {
                    return response;
                }

                if (!await AttachAgainAsync().ConfigureAwait(false))
                {
                    return new() { Closing = Closings.NoCoordinator };
                }
            }
            catch (RpcException) when (_ends.IsCancellationRequested)
            {
                throw new OperationCanceledException(_ends);
            }
            catch (RpcException fault)
            {
                return new() { Closing = Closings.Of(fault) };
            }
        }
    }

    /// <summary>Comes back at once; of filters that come faster than they can be sent, the last count.</summary>
    public void ReplaceFilters(ByteString filters)
    {
        lock (_gate)
        {
            _filters = filters;
            if (_isSending)
            {
                return;
            }

            _isSending = true;
        }

        _ = SendFiltersAsync();
    }

    public void Dispose()
    {
        // First of all, so that nobody who still reads attaches again.
        _life.Cancel();
        lock (_gate)
        {
            _call?.Dispose();
        }

        _life.Dispose();
    }

    // Null where another coordinator is to be asked.
    private async Task<TailsAttachResponse?> ReadAsync()
    {
        try
        {
            if (!_isFirst && !await _call!.MoveNextAsync(_ends).ConfigureAwait(false))
            {
                return null;
            }
        }
        catch (RpcException fault) when (!_ends.IsCancellationRequested && IsPassing(fault.StatusCode))
        {
            return null;
        }

        _isFirst = false;
        var response = _call!.Current;
        if (response.Closing?.Code == Closings.Restart)
        {
            response.Closing = null;
            if (response.Frames.Count == 0)
            {
                return null;
            }
        }

        if (response.Frames.Count > 0)
        {
            _after = response.First + response.Frames.Count - 1;
            _pause = LeastPause;
        }

        return response;
    }

    private async Task<bool> AttachAgainAsync()
    {
        var since = _time.GetTimestamp();
        while (true)
        {
            await Task.Delay(_pause, _time, _ends).ConfigureAwait(false);
            _pause = _pause * 2 < MostPause ? _pause * 2 : MostPause;
            var left = AttachedWithin - _time.GetElapsedTime(since);
            if (left <= TimeSpan.Zero)
            {
                return false;
            }

            try
            {
                await AttachAsync(left < AnsweredWithin ? left : AnsweredWithin).ConfigureAwait(false);
                return true;
            }
            catch (RpcException fault) when (!_ends.IsCancellationRequested && IsPassing(fault.StatusCode))
            {
                // Tried again until the time is over.
            }
        }
    }

    private async Task AttachAsync(TimeSpan within)
    {
        var request = new TailsAttachRequest { Capability = _capability, After = _after };
        var filters = _filters;
        if (filters is not null)
        {
            request.Filters = filters;
        }

        var call = await _coordinators.OpenAsync(calls => TailCall.OpenAsync(calls, request, _headers, within, _time, _ends)).ConfigureAwait(false);
        lock (_gate)
        {
            _call?.Dispose();
            (_call, _isFirst, _sentFilters) = (call, true, filters);
            if (_isSending || _filters == filters)
            {
                return;
            }

            _isSending = true;
        }

        _ = SendFiltersAsync();
    }

    // One at a time: a call takes no two writes at once.
    private async Task SendFiltersAsync()
    {
        while (true)
        {
            TailCall call;
            ByteString filters;
            lock (_gate)
            {
                if (ReferenceEquals(_filters, _sentFilters))
                {
                    _isSending = false;
                    return;
                }

                (call, filters) = (_call!, _filters!);
                _sentFilters = filters;
            }

            await call.ReplaceFiltersAsync(filters).ConfigureAwait(false);
        }
    }

    // What may be better at another coordinator, or in a while.
    private static bool IsPassing(StatusCode code) => code is StatusCode.Unavailable or StatusCode.Cancelled or StatusCode.Internal or StatusCode.Unknown
        or StatusCode.DeadlineExceeded or StatusCode.Aborted or StatusCode.ResourceExhausted;
}
