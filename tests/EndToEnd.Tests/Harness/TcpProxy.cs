using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace EndToEnd.Tests.Harness;

/// <summary>Stands between a client and a server, and cuts: after so many bytes towards the server, by a reset.</summary>
internal sealed class TcpProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly int _target;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<Socket, bool> _open = new();
    private readonly Task _accepting;
    private long _untilCut = long.MaxValue;
    private int _cuts;

    public TcpProxy(int target)
    {
        _target = target;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    /// <summary>How many times a connection was cut.</summary>
    public int Cuts => Volatile.Read(ref _cuts);

    /// <summary>Cuts everything that is open once this many more bytes went to the server, in the middle of whatever they were.</summary>
    public void CutAfter(long bytes) => Volatile.Write(ref _untilCut, bytes);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Stop();
        Cut();
        await _accepting;
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                _ = ServeAsync(await _listener.AcceptSocketAsync(_stopping.Token));
            }
            catch (Exception ended) when (ended is OperationCanceledException or SocketException)
            {
                return;
            }
        }
    }

    private async Task ServeAsync(Socket client)
    {
        using var server = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        client.NoDelay = true;
        try
        {
            await server.ConnectAsync(IPAddress.Loopback, _target);
            (_open[client], _open[server]) = (true, true);
            await Task.WhenAny(PumpAsync(client, server, counted: true), PumpAsync(server, client, counted: false));
        }
        catch (SocketException)
        {
            // The server is away: the client sees a reset.
        }
        finally
        {
            Reset(client);
            Reset(server);
        }
    }

    private async Task PumpAsync(Socket from, Socket to, bool counted)
    {
        var buffer = new byte[16_384];
        try
        {
            int count;
            while ((count = await from.ReceiveAsync(buffer)) > 0)
            {
                var allowed = counted ? Interlocked.Add(ref _untilCut, -count) : 0;
                if (counted && allowed < 0)
                {
                    // What is left of the allowance goes through, so that the cut falls inside a frame.
                    await to.SendAsync(buffer.AsMemory(0, (int)Math.Max(0, count + allowed)));
                    Volatile.Write(ref _untilCut, long.MaxValue);
                    Interlocked.Increment(ref _cuts);
                    Cut();
                    return;
                }

                for (var sent = 0; sent < count;)
                {
                    sent += await to.SendAsync(buffer.AsMemory(sent, count - sent));
                }
            }
        }
        catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
        {
            // Cut here or by a peer.
        }
    }

    private void Cut()
    {
        foreach (var (socket, _) in _open)
        {
            Reset(socket);
        }
    }

    private void Reset(Socket socket)
    {
        _open.TryRemove(socket, out _);
        try
        {
            socket.LingerState = new(true, 0);
        }
        catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
        {
            // Closed already.
        }

        socket.Dispose();
    }
}
