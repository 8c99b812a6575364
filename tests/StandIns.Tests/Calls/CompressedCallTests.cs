using Grpc.AspNetCore.Server;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;
using System.IO.Compression;

namespace StandIns.Tests.Calls;

public sealed class CompressedCallTests
{
    // The genuine client's own name for "compress what I send".
    private const string CompressRequest = "grpc-internal-encoding-request";

    [Theory]
    [InlineData("gzip", "")]
    [InlineData("gzip", "a service with a name, name, name, name, name")]
    [InlineData("deflate", "")]
    [InlineData("deflate", "a service with a name, name, name, name, name")]
    public async Task Unary_CompressedBothWays_Arrives(string encoding, string service)
    {
        string? sent = null;
        string? received = null;
        await using var server = await LoopbackServer.StartAsync(
            new Handlers
            {
                Unary = (request, context) =>
                {
                    sent = context.GetHttpContext().Request.Headers["grpc-encoding"];
                    received = request.Service;
                    return Task.FromResult(new HealthCheckResponse { Status = HealthCheckResponse.Types.ServingStatus.Unknown });
                },
            },
            options =>
            {
                options.ResponseCompressionAlgorithm = encoding;
                options.ResponseCompressionLevel = CompressionLevel.Fastest;
            });

        var answers = new EncodingReader();
        using var channel = GrpcChannel.ForAddress(server.Address, new GrpcChannelOptions { HttpHandler = answers, DisposeHttpClient = true });

        using var call = new Health.HealthClient(channel).CheckAsync(
            new HealthCheckRequest { Service = service }, new Metadata { { CompressRequest, encoding } });
        await call.ResponseAsync.WaitAsync(LoopbackServer.Bound);

        Assert.Equal(encoding, sent);
        Assert.Equal(service, received);
        Assert.Equal(encoding, answers.Encoding);
    }

    /// <summary>Notes how an answer is encoded: the client keeps that header from its callers.</summary>
    private sealed class EncodingReader() : DelegatingHandler(new SocketsHttpHandler())
    {
        public string? Encoding { get; private set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var response = await base.SendAsync(request, cancellationToken);
            Encoding = response.Headers.GetValues("grpc-encoding").Single();
            return response;
        }
    }
}
