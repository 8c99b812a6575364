using System.Collections.Concurrent;
using System.Diagnostics;

namespace Coordinator.Testing;

/// <summary>A real process of the test's own, with what it printed.</summary>
public sealed class ProgramProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lines = new();

    private ProgramProcess(ProcessStartInfo start)
    {
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        start.RedirectStandardInput = true;
        _process = new() { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Take(line.Data);
        _process.ErrorDataReceived += (_, line) => Take(line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        _process.StandardInput.Close();
    }

    /// <summary>Both outputs, in the order they came.</summary>
    public IReadOnlyCollection<string> Lines => _lines;

    public int Id => _process.Id;

    public int ExitCode => _process.ExitCode;

    public bool HasExited => _process.HasExited;

    /// <summary>What it has in memory at the moment, in bytes.</summary>
    public long WorkingSet
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64;
        }
    }

    public static ProgramProcess Dotnet(string dll, params string[] arguments) => Run("dotnet", [dll, .. arguments]);

    public static ProgramProcess Run(string program, string[] arguments, (string Name, string Value)[]? environment = null)
    {
        var start = new ProcessStartInfo(program) { WorkingDirectory = Repository.Root };
        Array.ForEach(arguments, start.ArgumentList.Add);
        foreach (var (name, value) in environment ?? [])
        {
            start.Environment[name] = value;
        }

        return new(start);
    }

    public void Send(Signal signal) => _process.Kill(signal);

    /// <summary>The first line that fits, from the beginning of the output.</summary>
    public async Task<string> LineAsync(Func<string, bool> fits, TimeSpan within, string what)
    {
        try
        {
            await Eventually.TrueAsync(() => _lines.Any(fits) || _process.HasExited, within, what);
        }
        catch (TimeoutException late)
        {
            throw new TimeoutException($"{late.Message}; it printed:\n{string.Join('\n', _lines.TakeLast(30))}", late);
        }

        return _lines.FirstOrDefault(fits)
            ?? throw new InvalidOperationException($"It ended before {what}; it printed:\n{string.Join('\n', _lines.TakeLast(30))}");
    }

    /// <summary>The line, with this beginning, by which it says that it is ready. It is ended where that does not come.</summary>
    public async Task<string> ReadyAsync(string beginning, TimeSpan within, string what)
    {
        try
        {
            return await LineAsync(line => line.StartsWith(beginning, StringComparison.Ordinal), within, what);
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    public async Task<int> ExitAsync(TimeSpan within)
    {
        using var late = new CancellationTokenSource(within);
        await _process.WaitForExitAsync(late.Token);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(Signal.Continue);
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private void Take(string? line)
    {
        if (line is not null)
        {
            _lines.Enqueue(line);
        }
    }
}
