using Benchmarks.Etcd;
using Benchmarks.Load;
using Grpc.Core;
using Grpc.Net.Client;

namespace Benchmarks.Subjects;

/// <summary>A keep-alive stream of etcd with one lease: it has no message that renews several.</summary>
internal sealed class EtcdStream : IBeats
{
    private const long TtlSeconds = 3_600;

    private readonly AsyncDuplexStreamingCall<LeaseKeepAliveRequest, LeaseKeepAliveResponse> _call;
    private readonly LeaseKeepAliveRequest _beat;

    private EtcdStream(AsyncDuplexStreamingCall<LeaseKeepAliveRequest, LeaseKeepAliveResponse> call, long lease) =>
        (_call, _beat) = (call, new() { ID = lease });

    public int Operations => 1;

    public static async Task<IReadOnlyList<EtcdStream>> OpenAsync(Channels channels, int streams) =>
        await Task.WhenAll(Enumerable.Range(0, streams).Select(_ => OpenAsync(channels.Next()))).ConfigureAwait(false);

    /// <summary>Grants a lease, as every contestant does.</summary>
    public static async Task<long> GrantAsync(GrpcChannel channel) =>
        (await new Lease.LeaseClient(channel).LeaseGrantAsync(new() { TTL = TtlSeconds }).ConfigureAwait(false)).ID;

    public Task AskAsync() => _call.RequestStream.WriteAsync(_beat);

    public async Task AnswerAsync()
    {
        if (!await _call.ResponseStream.MoveNext(CancellationToken.None).ConfigureAwait(false) || _call.ResponseStream.Current.TTL != TtlSeconds)
        {
            throw new InvalidOperationException($"The lease {_beat.ID} was not kept alive.");
        }
    }

    public ValueTask DisposeAsync()
    {
        _call.Dispose();
        return ValueTask.CompletedTask;
    }

    private static async Task<EtcdStream> OpenAsync(GrpcChannel channel)
    {
        var id = await GrantAsync(channel).ConfigureAwait(false);
        return new(new Lease.LeaseClient(channel).LeaseKeepAlive(), id);
    }
}
