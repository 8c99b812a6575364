using Google.Protobuf;
using Google.Rpc;
using Grpc.Core;
using RpcStatus = Google.Rpc.Status;

namespace Coordinator.Tests.Services.Harness;

/// <summary>What a failed call says for programs.</summary>
internal static class Statuses
{
    private const string Trailer = "grpc-status-details-bin";
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);

    public static async Task<RpcException> RefusedAsync<T>(AsyncUnaryCall<T> call)
    {
        using (call)
        {
            return await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync.WaitAsync(Bound));
        }
    }

    /// <summary>How a stream ends; what comes before is passed over.</summary>
    public static async Task<RpcException> RefusedAsync<T>(IAsyncStreamReader<T> stream) =>
        await Assert.ThrowsAsync<RpcException>(async () =>
        {
            using var late = new CancellationTokenSource(Bound);
            while (await stream.MoveNext(late.Token))
            {
            }
        });

    /// <summary>The next message of a stream.</summary>
    public static async Task<T> NextAsync<T>(this IAsyncStreamReader<T> stream)
    {
        using var late = new CancellationTokenSource(Bound);
        Assert.True(await stream.MoveNext(late.Token), "The stream ended.");
        return stream.Current;
    }

    public static RpcStatus Rich(this RpcException refused) =>
        RpcStatus.Parser.ParseFrom(refused.Trailers.GetValueBytes(Trailer) ?? throw new InvalidOperationException($"No details: {refused.Status}"));

    public static ErrorInfo Info(this RpcStatus status) => status.Find<ErrorInfo>() ?? throw new InvalidOperationException($"No ErrorInfo: {status}");

    public static T? Find<T>(this RpcStatus status)
        where T : class, IMessage, new() =>
        status.Details.FirstOrDefault(detail => detail.Is(new T().Descriptor))?.Unpack<T>();

    public static string Reason(this RpcException refused) => refused.Rich().Info().Reason;
}
