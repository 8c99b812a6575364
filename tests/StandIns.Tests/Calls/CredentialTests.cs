using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;

namespace StandIns.Tests.Calls;

public sealed class CredentialTests
{
    [Fact]
    public async Task CallCredentials_Composed_EachAddsItsHeader()
    {
        Metadata? seen = null;
        await using var server = await LoopbackServer.StartAsync(new Handlers
        {
            Unary = (_, context) =>
            {
                seen = context.RequestHeaders;
                return Task.FromResult(new HealthCheckResponse());
            },
        });
        var call = CallCredentials.Compose(Adding("authorization", "Bearer a"), Adding("x-tenant", "b"));
        using var channel = GrpcChannel.ForAddress(server.Address, new GrpcChannelOptions
        {
            Credentials = ChannelCredentials.Create(ChannelCredentials.Insecure, call),
            UnsafeUseInsecureChannelCallCredentials = true,
        });

        await new Health.HealthClient(channel).CheckAsync(new HealthCheckRequest()).ResponseAsync.WaitAsync(LoopbackServer.Bound);

        Assert.Equal("Bearer a", seen?.GetValue("authorization"));
        Assert.Equal("b", seen?.GetValue("x-tenant"));
    }

    [Fact]
    public void SecureSsl_ForClearTextAddress_IsRefused() =>
        Assert.Throws<InvalidOperationException>(() =>
            GrpcChannel.ForAddress("http://127.0.0.1:50051", new GrpcChannelOptions { Credentials = ChannelCredentials.SecureSsl }));

    private static CallCredentials Adding(string key, string value) =>
        CallCredentials.FromInterceptor((context, metadata) =>
        {
            metadata.Add(key, value);
            return Task.CompletedTask;
        });
}
