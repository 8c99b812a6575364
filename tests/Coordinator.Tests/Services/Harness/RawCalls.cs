using Grpc.Core;
using Grpc.Net.Client;

namespace Coordinator.Tests.Services.Harness;

/// <summary>Calls whose messages are bytes of the test's own.</summary>
internal static class RawCalls
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);
    private static readonly Marshaller<byte[]> Bytes = Marshallers.Create(bytes => bytes, bytes => bytes);

    /// <summary>Sends one message to any method, of whatever shape, and gives the status it is refused with.</summary>
    public static async Task<RpcException> SendAsync(RunningHost host, string method, Metadata headers, byte[] message)
    {
        // A connection of its own: what a call leaves unsent is not the next one's to wait for.
        using var channel = GrpcChannel.ForAddress(host.Address, new() { MaxSendMessageSize = null });
        using var call = Open(channel, method, headers);
        // The answer may come before the whole of the question: it is read beside it.
        var sending = SendAsync(call.RequestStream, message);
        var refused = await Statuses.RefusedAsync(call.ResponseStream);
        // A write that waits for room does not always end with its call: the client library leaves it waiting. It ends with its connection.
        channel.Dispose();
        await sending.WaitAsync(Bound);
        return refused;
    }

    private static async Task SendAsync(IClientStreamWriter<byte[]> stream, byte[] message)
    {
        try
        {
            await stream.WriteAsync(message);
            await stream.CompleteAsync();
        }
        catch (Exception ended) when (ended is RpcException or InvalidOperationException or OperationCanceledException or IOException)
        {
            // The call ended first, or (the input and output error) its connection was closed under the write. What it ended with is read from its answers.
        }
    }

    // A duplex call of one message is, on the wire, a call of any other shape.
    public static AsyncDuplexStreamingCall<byte[], byte[]> Open(RunningHost host, string method, Metadata headers) => Open(host.Channel, method, headers);

    private static AsyncDuplexStreamingCall<byte[], byte[]> Open(GrpcChannel channel, string method, Metadata headers)
    {
        var parts = method.Split('/');
        return channel.CreateCallInvoker().AsyncDuplexStreamingCall(
            new Method<byte[], byte[]>(MethodType.DuplexStreaming, parts[1], parts[2], Bytes, Bytes), null, new CallOptions(headers));
    }
}
