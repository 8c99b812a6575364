using Grpc.Core;

namespace Coordinator.Tests.Services.Harness;

/// <summary>Calls whose messages are bytes of the test's own.</summary>
internal static class RawCalls
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);
    private static readonly Marshaller<byte[]> Bytes = Marshallers.Create(bytes => bytes, bytes => bytes);

    /// <summary>Sends one message to any method, of whatever shape, and gives the status it is refused with.</summary>
    public static async Task<RpcException> SendAsync(RunningHost host, string method, Metadata headers, byte[] message)
    {
        using var call = Open(host, method, headers);
        try
        {
            await call.RequestStream.WriteAsync(message).WaitAsync(Bound);
            await call.RequestStream.CompleteAsync().WaitAsync(Bound);
        }
        catch (Exception ended) when (ended is RpcException or InvalidOperationException)
        {
            // The answer came before the whole of the question.
        }

        return await Statuses.RefusedAsync(call.ResponseStream);
    }

    // A duplex call of one message is, on the wire, a call of any other shape.
    public static AsyncDuplexStreamingCall<byte[], byte[]> Open(RunningHost host, string method, Metadata headers)
    {
        var parts = method.Split('/');
        return host.Channel.CreateCallInvoker().AsyncDuplexStreamingCall(
            new Method<byte[], byte[]>(MethodType.DuplexStreaming, parts[1], parts[2], Bytes, Bytes), null, new CallOptions(headers));
    }
}
