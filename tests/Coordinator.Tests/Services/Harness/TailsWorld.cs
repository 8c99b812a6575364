using Coordinator.Tails;
using Coordinator.V1;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using System.Text.Json;

namespace Coordinator.Tests.Services.Harness;

/// <summary>A coordinator with tails that last a short while, workers that ship scripts, and readers.</summary>
public abstract class TailsWorld : IAsyncLifetime
{
    private protected RunningHost Host { get; private set; } = null!;

    private protected V1.Tails.TailsClient Client => Host.Tails;

    public async Task InitializeAsync() => Host = await RunningHost.StartAsync(services => services.Configure<TailOptions>(tails =>
    {
        tails.MostPerScript = 2;
        tails.LiveTtl = TimeSpan.FromSeconds(2);
        tails.ReaderGrace = TimeSpan.FromSeconds(2);
    }));

    public async Task DisposeAsync() => await Host.DisposeAsync();

    private protected static async Task<string> ReasonAsync<T>(AsyncUnaryCall<T> call) => (await Statuses.RefusedAsync(call)).Reason();

    private protected static TailsStartRequest StartOf(string script, string? filters = null)
    {
        var request = new TailsStartRequest { AccountId = RunningHost.Tenant, ScriptName = script, Origin = "ws://here", ClientIp = "127.0.0.1" };
        if (filters is not null)
        {
            request.Filters = ByteString.CopyFromUtf8(filters);
        }

        return request;
    }

    private protected static Task SendAsync(AsyncDuplexStreamingCall<ConnectRequest, ConnectResponse> worker, string script, string json) =>
        worker.RequestStream.WriteAsync(new() { Traces = new() { Script = script, Events = { ByteString.CopyFromUtf8(json) } } });

    // The demand of so many tails; older ones are passed over.
    private protected static async Task<TailDemand> DemandAsync(AsyncDuplexStreamingCall<ConnectRequest, ConnectResponse> worker, string script, int tails)
    {
        while (true)
        {
            if ((await worker.ResponseStream.NextAsync()).Control is { Demand: { } demand } control && demand.Script == script && demand.Tails == tails)
            {
                Assert.Equal(tails > 0 ? Control.Types.Kind.TailStarted : Control.Types.Kind.TailStopped, control.Kind);
                return demand;
            }
        }
    }

    private protected static async Task<IReadOnlyList<JsonElement>> FramesAsync(AsyncDuplexStreamingCall<TailsAttachRequest, TailsAttachResponse> reader, int count)
    {
        var frames = new List<JsonElement>();
        while (frames.Count < count)
        {
            var response = await reader.ResponseStream.NextAsync();
            Assert.Equal(frames.Count + 1, response.First);
            frames.AddRange(response.Frames.Select(frame => JsonElement.Parse(frame.Span)));
        }

        return frames;
    }

    private protected async Task<AsyncDuplexStreamingCall<ConnectRequest, ConnectResponse>> ConnectAsync(params string[] scripts)
    {
        var call = Host.Sessions.Connect(RunningHost.Headers);
        await call.RequestStream.WriteAsync(new() { Hello = new() { WorkerId = $"w-{Guid.NewGuid():N}", Scripts = { scripts } } });
        Assert.NotNull((await call.ResponseStream.NextAsync()).Welcome);
        return call;
    }

    private protected AsyncDuplexStreamingCall<TailsAttachRequest, TailsAttachResponse> Attach(string url)
    {
        var call = Client.Attach();
        _ = call.RequestStream.WriteAsync(new() { Capability = url.Split('/')[^1] });
        return call;
    }

    private protected async Task<AsyncDuplexStreamingCall<TailsAttachRequest, TailsAttachResponse>> AttachedAsync(string url)
    {
        var call = Attach(url);
        Assert.Empty((await call.ResponseStream.NextAsync()).Frames);
        return call;
    }
}
