using Gateway.Tests.Harness;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;

namespace Gateway.Tests.Json;

/// <summary>Good requests with a few octets changed, from a seed: whatever it is, it is no failure of the gateway's.</summary>
public sealed partial class MutationTests : GatewayTests
{
    private const int Requests = 600;
    private static readonly TimeSpan Within = TimeSpan.FromSeconds(1);

    private static readonly (string Line, string Body)[] Good =
    [
        ("POST /api/agents/runs/0190a3f0-0000-7000-8000-000000000001/events", """{"worker_id":"w","lease_seconds":1,"phase":"p","events":[{"type":"error","payload":{"a":[1e5,"\ud83d\ude00",null]}}],"fencing_token":"17"}"""),
        ("POST /v1/workers/wrk_01jj0000000000000000000000/activity-heartbeat", """{"isActiveRecently":true,"sentAt":"2023-11-07T05:31:56.1Z","openSessionCount":4503599627370495}"""),
        ("POST /v1/tunnels", """{"port":3000,"requestedSlug":"my-app"}"""),
        ("POST /library/books", """{"kinds":[1,"KIND_POEM"],"weight":1.5e3,"cover":"_-8=","loan":"1.5s","extra":{"a":[{}]},"shelves":{"a":1},"raw":[1.10]}"""),
        ("GET /library/shelves/a%2Fb/books/%C3%A9?pages=1&tags=a&kind=KIND_POEM&author.teacher.name=x", ""),
        ("GET /api/agents/runs?state=queued&limit=10", ""),
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Request_Mutated_IsAnsweredOrTheCallersFault(int seed)
    {
        var random = new Random(seed);
        var mutated = Enumerable.Range(0, Requests).Select(i => Mutate(Good[i % Good.Length], random)).ToList();
        var answered = 0;
        await Parallel.ForEachAsync(mutated, new ParallelOptions { MaxDegreeOfParallelism = 24 }, async (request, _) =>
        {
            var answer = await SendAsync(request);
            Interlocked.Add(ref answered, answer.Length > 0 ? 1 : 0);
            Assert.True(answer.Length == 0 || NoFailure().IsMatch(answer), $"{Encoding.Latin1.GetString(request)}\n\n{answer}");
        });
        Assert.InRange(answered, Requests * 3 / 4, Requests);
        Assert.DoesNotContain(Gateway.Log.All, line => line.StartsWith("Error", StringComparison.Ordinal));
        Assert.Equal(200, (await Gateway.GetAsync("/library/books/7")).Status);
    }

    // Of half of them the head stays good, so that the body is what is judged.
    private static byte[] Mutate((string Line, string Body) request, Random random)
    {
        var body = Encoding.UTF8.GetBytes(request.Body);
        var ofBody = body.Length > 0 && random.Next(2) == 0;
        body = ofBody ? Mutate(body, random) : body;
        var head = Encoding.UTF8.GetBytes(
            $"{request.Line} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nAuthorization: Bearer token\r\nIdempotency-Key: key\r\n"
            + $"Accept: text/event-stream;q=0, */*\r\nLast-Event-ID: 7\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n");
        return [.. ofBody ? head : Mutate(head, random), .. body];
    }

    private static byte[] Mutate(byte[] good, Random random)
    {
        var octets = good.ToList();
        for (var changes = random.Next(1, 4); changes > 0 && octets.Count > 1; changes--)
        {
            var at = random.Next(octets.Count);
            switch (random.Next(4))
            {
                case 0:
                    octets[at] = (byte)random.Next(256);
                    break;
                case 1:
                    octets[at] = (byte)"\"[]{},:\\%0-/?&"[random.Next(14)];
                    break;
                case 2:
                    octets.RemoveAt(at);
                    break;
                default:
                    octets.Insert(at, octets[random.Next(octets.Count)]);
                    break;
            }
        }

        return [.. octets];
    }

    private async Task<string> SendAsync(byte[] request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(Gateway.Address.Host, Gateway.Address.Port);
        try
        {
            await client.GetStream().WriteAsync(request);
            using var reader = new StreamReader(client.GetStream(), Encoding.Latin1);
            return await reader.ReadToEndAsync().WaitAsync(Within);
        }
        catch (Exception unanswered) when (unanswered is IOException or TimeoutException)
        {
            // The gateway waits for the rest of a request that was cut short, or has closed the connection.
            return "";
        }
    }

    // 505 is the word for a version of HTTP that is none.
    [GeneratedRegex("^HTTP/1.1 ([1-4]|505)")]
    private static partial Regex NoFailure();
}
