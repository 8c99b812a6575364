using Coordinator.Client;
using Coordinator.Client.Tails;
using Coordinator.Testing;
using Microsoft.Extensions.Logging;
using System.Text.Json;

namespace Client.Tests.Tails;

/// <summary>What a program logs, as those that tail it see it.</summary>
public sealed class TailLoggingTests : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly TraceQueue _queue;
    private readonly TracePublisher _publisher;
    private readonly ILoggerFactory _factory;
    private readonly ILogger _log;

    public TailLoggingTests()
    {
        _queue = new("api", _time, _ => { });
        _publisher = new("api", _time, _queue);
        _factory = LoggerFactory.Create(builder => builder.SetMinimumLevel(LogLevel.Trace).AddCoordinatorTail(_ => _publisher));
        _log = _factory.CreateLogger("Shop.Orders");
    }

    public void Dispose()
    {
        _factory.Dispose();
        _queue.Dispose();
    }

    [Fact]
    public void Log_NobodyTails_FormatsNothing()
    {
        Assert.False(_log.IsEnabled(LogLevel.Critical));
        _log.Log(LogLevel.Critical, default, "state", null, (_, _) => throw new InvalidOperationException("formatted"));
        Assert.Equal(0, _publisher.Dropped);
    }

    [Theory]
    [InlineData(LogLevel.Trace, "debug")]
    [InlineData(LogLevel.Debug, "debug")]
    [InlineData(LogLevel.Information, "info")]
    [InlineData(LogLevel.Warning, "warn")]
    [InlineData(LogLevel.Error, "error")]
    [InlineData(LogLevel.Critical, "error")]
    public void Log_EachLevel_IsOneMessageOfItsLevel(LogLevel level, string expected)
    {
        var trace = Logged(() => _log.Log(level, "order {Order} of {Customer}", 7, "Ann"));
        Assert.Equal(("ok", "Shop.Orders"), (trace.GetProperty("outcome").GetString(), trace.GetProperty("entrypoint").GetString()));
        var line = Assert.Single(trace.GetProperty("logs").EnumerateArray());
        Assert.Equal((expected, """["order 7 of Ann"]"""), (line.GetProperty("level").GetString(), line.GetProperty("message").GetRawText()));
        Assert.Equal(_time.GetUtcNow().ToUnixTimeMilliseconds() - 50, line.GetProperty("timestamp").GetInt64());
        Assert.Equal("[]", trace.GetProperty("exceptions").GetRawText());
    }

    [Fact]
    public void Log_AnError_HasItsExceptionsAndOutcome()
    {
        var trace = Logged(() => _log.LogError(Thrown(), "failed"));
        Assert.Equal("exception", trace.GetProperty("outcome").GetString());
        var errors = trace.GetProperty("exceptions").EnumerateArray().ToArray();
        Assert.Equal(["InvalidOperationException", "FormatException"], errors.Select(error => error.GetProperty("name").GetString()));
        Assert.Equal("outer", errors[0].GetProperty("message").GetString());
        Assert.Contains(nameof(Thrown), errors[0].GetProperty("stack").GetString(), StringComparison.Ordinal);
        Assert.True(errors[1].GetProperty("timestamp").GetInt64() > 0);
    }

    [Fact]
    public void Log_AWarningWithAnException_IsStillOk() =>
        Assert.Equal("ok", Logged(() => _log.LogWarning(Thrown(), "again")).GetProperty("outcome").GetString());

    private JsonElement Logged(Action log)
    {
        _publisher.Demand(new() { Script = "api", Tails = 1, SamplingRate = 1 });
        log();
        _time.Advance(TraceQueue.LongestWait);
        return JsonSerializer.Deserialize<JsonElement>(Assert.Single(_queue.Take()!.Traces.Events).Span);
    }

    private static InvalidOperationException Thrown()
    {
        try
        {
            throw new InvalidOperationException("outer", new FormatException("inner"));
        }
        catch (InvalidOperationException thrown)
        {
            return thrown;
        }
    }
}
