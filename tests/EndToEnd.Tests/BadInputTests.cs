using Coordinator.V1;
using EndToEnd.Tests.Harness;
using Google.Protobuf;
using Grpc.Core;
using FrameCase = Coordinator.V1.ConnectResponse.FrameOneofCase;

namespace EndToEnd.Tests;

/// <summary>One coordinator for all of these: it must live through every one of them.</summary>
public sealed class BadInputFixture : IAsyncLifetime
{
    internal CoordinatorProcess Coordinator { get; private set; } = null!;

    public async Task InitializeAsync() => Coordinator = await CoordinatorProcess.StartAsync();

    public async Task DisposeAsync()
    {
        Assert.False(Coordinator.Process.HasExited, "The coordinator died of bad input.");
        await Coordinator.DisposeAsync();
    }
}

/// <summary>Bad input on the worker stream and the unary methods: the status of the contract, nothing stored.</summary>
public sealed class BadInputTests(BadInputFixture fixture) : IClassFixture<BadInputFixture>
{
    private readonly CoordinatorProcess _coordinator = fixture.Coordinator;

    public static TheoryData<string> BadNames => new() { "", new string('a', 201), "{x}", "a\r\nb", "a\0b", "🙂", "a b", "../{", "ａ" };

    public static TheoryData<long> BadTtls => new() { 0, -1, 999, 86_400_001, long.MaxValue, long.MinValue };

    [Fact]
    public async Task Connect_NoHello_IsDeadlineExceeded()
    {
        using var silent = new RawStream(_coordinator);
        Assert.Equal(StatusCode.DeadlineExceeded, await silent.EndAsync());
    }

    [Fact]
    public async Task Connect_OtherFirstFrame_IsFailedPrecondition()
    {
        using var stream = new RawStream(_coordinator);
        await stream.SendAsync(new() { Heartbeat = new() { Sequence = 1, All = true } });
        Assert.Equal(StatusCode.FailedPrecondition, await stream.EndAsync());
    }

    [Fact]
    public async Task Connect_HelloTwice_IsFailedPrecondition()
    {
        using var stream = await RawStream.HelloAsync(_coordinator);
        await stream.SendAsync(new() { Hello = new() { WorkerId = "again" } });
        Assert.Equal(StatusCode.FailedPrecondition, await stream.EndAsync());
    }

    [Fact]
    public async Task Connect_FrameWithoutContent_IsInvalidArgument()
    {
        using var stream = await RawStream.HelloAsync(_coordinator);
        await stream.SendAsync(new());
        Assert.Equal(StatusCode.InvalidArgument, await stream.EndAsync());
    }

    [Theory]
    [MemberData(nameof(BadNames))]
    public async Task Hello_BadWorkerId_IsInvalidArgument(string id)
    {
        using var stream = new RawStream(_coordinator);
        await stream.SendAsync(new() { Hello = new() { WorkerId = id } });
        Assert.Equal(StatusCode.InvalidArgument, await stream.EndAsync());
    }

    [Theory]
    [MemberData(nameof(BadNames))]
    public async Task Acquire_BadName_IsRefusedAndTheStreamGoesOn(string name)
    {
        using var stream = await RawStream.HelloAsync(_coordinator);
        await stream.SendAsync(new() { Acquire = new() { RequestId = "r", Resource = name, TtlMs = 10_000 } });
        Assert.Equal((int)StatusCode.InvalidArgument, (await stream.NextAsync(FrameCase.Refused)).Refused.Status.Code);
        await AssertAliveAsync(stream);
        var unary = await Assert.ThrowsAsync<RpcException>(async () => await Leases.AcquireAsync(
            new() { Resource = name, Holder = "h", TtlMs = 10_000 }, CoordinatorProcess.Headers));
        Assert.Equal(StatusCode.InvalidArgument, unary.StatusCode);
    }

    [Theory]
    [MemberData(nameof(BadTtls))]
    public async Task Acquire_BadTtl_IsRefusedAndNothingIsHeld(long ttl)
    {
        using var stream = await RawStream.HelloAsync(_coordinator);
        await stream.SendAsync(new() { Acquire = new() { RequestId = "r", Resource = "bad-ttl", TtlMs = ttl } });
        Assert.Equal((int)StatusCode.InvalidArgument, (await stream.NextAsync(FrameCase.Refused)).Refused.Status.Code);
        var none = await Assert.ThrowsAsync<RpcException>(async () => await Leases.GetAsync(new() { Resource = "bad-ttl" }, CoordinatorProcess.Headers));
        Assert.Equal(StatusCode.NotFound, none.StatusCode);
    }

    [Theory]
    [InlineData(0, StatusCode.InvalidArgument)]
    [InlineData(-1, StatusCode.InvalidArgument)]
    [InlineData(1, StatusCode.Aborted)]
    [InlineData(long.MaxValue / 1024, StatusCode.Aborted)]
    public async Task EventBatch_BadToken_IsRefusedAndNothingIsStored(long token, StatusCode expected)
    {
        using var stream = await RawStream.HelloAsync(_coordinator);
        var resource = $"bad-token/{Guid.NewGuid():N}";
        await stream.AcquireAsync(resource);
        await stream.SendAsync(Batch(resource, token, 1, "x"));
        Assert.Equal((int)expected, (await stream.NextAsync(FrameCase.Refused)).Refused.Status.Code);
        await AssertStoredAsync(resource, 0);
        await AssertAliveAsync(stream);
    }

    [Fact]
    public async Task EventBatch_GapRepeatAndOtherContent_EachHasItsAnswer()
    {
        using var stream = await RawStream.HelloAsync(_coordinator);
        var lease = await stream.AcquireAsync("sequences");
        await stream.SendAsync(Batch("sequences", lease.Token, 2, "x"));
        Assert.Equal((int)StatusCode.OutOfRange, (await stream.NextAsync(FrameCase.Refused)).Refused.Status.Code);
        await stream.SendAsync(Batch("sequences", lease.Token, 1, "x"));
        Assert.Equal(1, (await stream.NextAsync(FrameCase.EventAck)).EventAck.AckedSequence);
        await stream.SendAsync(Batch("sequences", lease.Token, 1, "x"));
        Assert.Equal(1, (await stream.NextAsync(FrameCase.EventAck)).EventAck.AckedSequence);
        await stream.SendAsync(Batch("sequences", lease.Token, 1, "other"));
        Assert.Equal((int)StatusCode.InvalidArgument, (await stream.NextAsync(FrameCase.Refused)).Refused.Status.Code);
        await stream.SendAsync(Batch("sequences", lease.Token, 0, "x"));
        Assert.Equal((int)StatusCode.InvalidArgument, (await stream.NextAsync(FrameCase.Refused)).Refused.Status.Code);
        await AssertStoredAsync("sequences", 1);
    }

    [Fact]
    public async Task EventBatch_OutOfBounds_IsInvalidArgumentAndNothingIsStored()
    {
        using var stream = await RawStream.HelloAsync(_coordinator);
        var lease = await stream.AcquireAsync("bounds");
        var many = Batch("bounds", lease.Token, 1, [.. Enumerable.Repeat("x", 1_001)]);
        var large = Batch("bounds", lease.Token, 1, "x");
        large.EventBatch.Events[0].Payload = ByteString.CopyFrom(new byte[1 << 20]);
        foreach (var batch in new[] { many, large, Batch("bounds", lease.Token, 1), Batch("bounds", lease.Token, 1, "a b") })
        {
            await stream.SendAsync(batch);
            Assert.Equal((int)StatusCode.InvalidArgument, (await stream.NextAsync(FrameCase.Refused)).Refused.Status.Code);
        }

        await AssertStoredAsync("bounds", 0);
        await AssertAliveAsync(stream);
    }

    [Fact]
    public async Task Heartbeat_SequenceThatDoesNotGrow_EndsTheStream()
    {
        using var stream = await RawStream.HelloAsync(_coordinator);
        await stream.SendAsync(new() { Heartbeat = new() { Sequence = 5, All = true } });
        await stream.NextAsync(FrameCase.HeartbeatAck);
        await stream.SendAsync(new() { Heartbeat = new() { Sequence = 5, All = true } });
        Assert.Equal(StatusCode.InvalidArgument, await stream.EndAsync());
    }

    [Fact]
    public async Task Heartbeat_ForeignAndFutureTokens_AreRefusedAndChangeNothing()
    {
        using var owner = await RawStream.HelloAsync(_coordinator, "owner");
        var lease = await owner.AcquireAsync("foreign");
        using var thief = await RawStream.HelloAsync(_coordinator, "thief");
        var before = await Leases.GetAsync(new() { Resource = "foreign" }, CoordinatorProcess.Headers);
        await thief.SendAsync(new()
        {
            Heartbeat = new()
            {
                Sequence = 1,
                Leases = { new LeaseRef { Resource = "foreign", Token = lease.Token }, new LeaseRef { Resource = "foreign", Token = lease.Token + 5 } },
            },
        });
        var ack = (await thief.NextAsync(FrameCase.HeartbeatAck)).HeartbeatAck;
        Assert.Equal((2, 0), (ack.Refused.Count, ack.Renewed));
        Assert.Equal(before, await Leases.GetAsync(new() { Resource = "foreign" }, CoordinatorProcess.Headers));
    }

    [Fact]
    public async Task AnyMethod_Garbage_IsInvalidArgument()
    {
        var raw = Marshallers.Create(bytes => bytes, bytes => bytes);
        foreach (var method in new[] { "Leases/Acquire", "Leases/List", "Events/Append", "Sessions/Connect" })
        {
            var parts = method.Split('/');
            using var call = _coordinator.Channel.CreateCallInvoker().AsyncDuplexStreamingCall(
                new Method<byte[], byte[]>(MethodType.DuplexStreaming, $"coordinator.v1.{parts[0]}", parts[1], raw, raw),
                null, new CallOptions(CoordinatorProcess.Headers));
            await call.RequestStream.WriteAsync([0xff, 0xff, 0xff, 0xff, 0x0f]);
            var refused = await Assert.ThrowsAsync<RpcException>(async () =>
            {
                while (await call.ResponseStream.MoveNext(CancellationToken.None))
                {
                }
            });
            Assert.Equal((method, StatusCode.InvalidArgument), (method, refused.StatusCode));
        }
    }

    [Fact]
    public async Task Credentials_MissingUnknownOrTwice_AreRefused()
    {
        var none = await Assert.ThrowsAsync<RpcException>(async () => await Leases.GetAsync(new() { Resource = "a" }));
        Assert.Equal(StatusCode.Unauthenticated, none.StatusCode);
        foreach (var value in new[] { "Bearer wrong", "Basic abc", "Bearer ", $"Bearer {new string('x', 2_000)}" })
        {
            var unknown = await Assert.ThrowsAsync<RpcException>(async () => await Leases.GetAsync(new() { Resource = "a" }, new Metadata { { "authorization", value } }));
            Assert.Equal(StatusCode.Unauthenticated, unknown.StatusCode);
        }

        var health = await new Grpc.Health.V1.Health.HealthClient(_coordinator.Channel).CheckAsync(new());
        Assert.Equal(Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus.Serving, health.Status);
    }

    private Leases.LeasesClient Leases => new(_coordinator.Channel);

    private static ConnectRequest Batch(string resource, long token, long sequence, params string[] types)
    {
        var batch = new EventBatch { Resource = resource, Token = token, BatchSequence = sequence };
        batch.Events.AddRange(types.Select(type => new Event { Type = type }));
        return new() { EventBatch = batch };
    }

    private static async Task AssertAliveAsync(RawStream stream)
    {
        await stream.SendAsync(new() { Heartbeat = new() { Sequence = 1_000, All = true } });
        Assert.Equal(1_000, (await stream.NextAsync(FrameCase.HeartbeatAck)).HeartbeatAck.Sequence);
    }

    private async Task AssertStoredAsync(string resource, long events)
    {
        var page = await new Events.EventsClient(_coordinator.Channel).ReadAsync(new() { Resource = resource }, CoordinatorProcess.Headers);
        Assert.Equal(events, page.LastSequence);
    }
}
