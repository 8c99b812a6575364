using Coordinator.Testing;
using EndToEnd.Tests.Harness;
using System.Text;
using System.Text.Json;

namespace EndToEnd.Tests.Tails;

/// <summary>The published <c>wrangler tail</c>, unmodified, pointed at a gateway.</summary>
internal sealed class Wrangler : IAsyncDisposable
{
    /// <summary>The last release that is meant for Node 20: its tail ends when its socket is closed.</summary>
    public const string Older = "wrangler";

    /// <summary>
    /// A release that opens a fresh tail when its socket is closed, and deletes its tail when it is interrupted. It warns of Node 20 and runs.
    /// What it has for local development alone is the older one's, by the overrides in package.json: that is large, and no part of its tail.
    /// </summary>
    public const string Newer = "wrangler-latest";

    private readonly string _home;

    public Wrangler(GatewayProcess gateway, string[] arguments, string? account = CoordinatorProcess.Tenant, string script = TailWorld.Script, string release = Older)
    {
        var program = Path.Combine(Repository.Peers, "node_modules", release, "wrangler-dist", "cli.js");
        Assert.True(File.Exists(program), "These tests need the peers: (cd tests/peers && npm ci)");
        _home = Directory.CreateTempSubdirectory("wrangler-").FullName;
        (string, string)[] known = account is null ? [] : [("CLOUDFLARE_ACCOUNT_ID", account)];
        Process = ProgramProcess.Run("node", ["--no-warnings", program, "tail", script, "--cwd", _home, .. arguments],
            [
                ("CLOUDFLARE_API_BASE_URL", $"{gateway.Address}client/v4"), ("CLOUDFLARE_API_TOKEN", CoordinatorProcess.Token),
                ("HOME", _home), ("XDG_CONFIG_HOME", _home), ("WRANGLER_SEND_METRICS", "false"), ("CI", "1"), ("NO_COLOR", "1"), .. known,
            ]);
    }

    public ProgramProcess Process { get; }

    public IReadOnlyCollection<string> Lines => Process.Lines;

    public static Wrangler Json(GatewayProcess gateway, params string[] filters) => new(gateway, ["--format", "json", .. filters]);

    /// <summary>What it has printed: it indents its objects, and only their own braces stand at the margin.</summary>
    public List<JsonElement> Events()
    {
        var (events, text) = (new List<JsonElement>(), new StringBuilder());
        foreach (var line in Lines)
        {
            if (line == "{")
            {
                text.Clear();
            }

            text.AppendLine(line);
            if (line == "}")
            {
                events.Add(JsonDocument.Parse(text.ToString()).RootElement);
            }
        }

        return events;
    }

    /// <summary>Waits until it has printed something; it must still run then.</summary>
    public async Task<List<JsonElement>> EventsAsync(Func<List<JsonElement>, bool> fits, TimeSpan within, string what)
    {
        try
        {
            await Eventually.TrueAsync(() => Process.HasExited || fits(Events()), within, what);
        }
        catch (TimeoutException late)
        {
            throw new TimeoutException($"{late.Message}; wrangler printed:\n{string.Join('\n', Lines.TakeLast(60))}", late);
        }

        Assert.False(Process.HasExited, string.Join('\n', Lines));
        return Events();
    }

    /// <summary>Waits until a line that it has printed has this text; it must still run then.</summary>
    /// <param name="times">In how many lines.</param>
    public async Task ShowsAsync(string text, TimeSpan within, int times = 1)
    {
        await Eventually.TrueAsync(() => Process.HasExited || Shown(text) >= times, within, $"'{text}' is shown");
        Assert.False(Process.HasExited, string.Join('\n', Lines));
    }

    /// <summary>How many of the lines that it has printed have this text.</summary>
    public int Shown(string text) => Lines.Count(line => line.Contains(text, StringComparison.Ordinal));

    public async ValueTask DisposeAsync()
    {
        await Process.DisposeAsync();
        Directory.Delete(_home, recursive: true);
    }
}
