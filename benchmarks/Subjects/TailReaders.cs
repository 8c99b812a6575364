using Coordinator.V1;
using Grpc.Core;
using Grpc.Net.Client;

namespace Benchmarks.Subjects;

/// <summary>Those who watch a worker: each reads a tail, but for some that attach and never read.</summary>
internal static class TailReaders
{
    /// <summary>Printed once all are attached.</summary>
    public const string Attached = "attached";

    /// <summary>Printed once each that reads has been shown something.</summary>
    public const string Seen = "seen";

    private const int ReadersPerConnection = 10;

    /// <summary>Reads until it is ended.</summary>
    public static async Task RunAsync(Uri address, string[] capabilities, int stalled, CancellationToken cancellation)
    {
        var channels = Enumerable.Range(0, (capabilities.Length + ReadersPerConnection - 1) / ReadersPerConnection)
            .Select(_ => GrpcChannel.ForAddress(address)).ToArray();
        var calls = new List<AsyncDuplexStreamingCall<TailsAttachRequest, TailsAttachResponse>>();
        foreach (var (capability, i) in capabilities.Select((capability, i) => (capability, i)))
        {
            var call = new Tails.TailsClient(channels[i % channels.Length]).Attach(Channels.Headers, cancellationToken: cancellation);
            await call.RequestStream.WriteAsync(new() { Capability = capability }, cancellation).ConfigureAwait(false);
            // The first response says that it is attached.
            await call.ResponseStream.MoveNext(cancellation).ConfigureAwait(false);
            calls.Add(call);
        }

        Console.WriteLine(Attached);
        var left = capabilities.Length - stalled;
        await Task.WhenAll(calls.Skip(stalled).Select(async call =>
        {
            for (var seen = false; await call.ResponseStream.MoveNext(cancellation).ConfigureAwait(false);)
            {
                if (!seen && call.ResponseStream.Current.Frames.Count > 0)
                {
                    seen = true;
                    if (Interlocked.Decrement(ref left) == 0)
                    {
                        Console.WriteLine(Seen);
                    }
                }
            }
        })).ConfigureAwait(false);
    }
}
