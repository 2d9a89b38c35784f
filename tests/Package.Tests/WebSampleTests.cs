using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using OptimizerBuild.Data;
using OptimizerBuild.Harness;
using OptimizerBuild.Testing;

namespace OptimizerBuild;

/// <summary>
/// The way of a new user: a folder of PNG files, a model, an empty ASP.NET project; the package is added, the project built, and the code
/// of <c>sample-app/web</c> serves requests that come sixteen at a time.
/// </summary>
[Collection("package")]
public class WebSampleTests(PackedPackage package)
{
    private const int Requests = 1000;
    private const int Concurrency = 16;
    private const int Side = 28;
    private const string App = "SampleWeb";

    private static readonly string Sample = Path.Combine(SharedAssets.RepositoryRoot, "sample-app");

    [Fact]
    public async Task FromAFolderOfImagesToAServedModel()
    {
        var folder = new ConsumerFolder(package, "web");
        folder.DotNet(".", "new", "web", "-o", App, "--no-restore", "-f", "net10.0").Succeeded();

        // One half of the images to calibrate with, the other one to measure.
        List<(string Class, byte[] File)> images = Images();
        for (int i = 0; i < images.Count; i++)
            folder.Write($"{App}/{(i % 2 == 0 ? "known" : "new")}/{images[i].Class}/{i}.png", images[i].File);
        folder.Write($"{App}/labels.txt", string.Join('\n', Classes()));
        folder.Write($"{App}/fashion-mobilenet.onnx", File.ReadAllBytes(Path.Combine(Sample, "models", "fashion-mobilenet.onnx")));
        foreach (string source in (string[])["Program.cs", "Page.cs"])
            folder.Write($"{App}/{source}", File.ReadAllBytes(Path.Combine(Sample, "web", source)));

        folder.DotNet(App, "add", "package", "OptimizerBuild", "--version", package.Version).Succeeded();
        folder.DotNet(App, "add", "package", "StbImageSharp", "--version", "2.30.16").Succeeded();
        string project = folder[$"{App}/{App}.csproj"];
        File.WriteAllText(project, File.ReadAllText(project).Replace("</Project>", """
              <ItemGroup>
                <CompressedModel Include="fashion-mobilenet.onnx" CalibrationData="known" EvaluationData="new" Labels="labels.txt"
                                 Preprocess="Unit" MaxAccuracyDrop="0.02" />
              </ItemGroup>
            </Project>
            """, StringComparison.Ordinal));
        ProcessResult built = folder.Build(App, "-c", "Release", "-warnaserror").Succeeded();
        Assert.Matches($@"fashion-mobilenet: .* Top-1 9\d(\.\d)? % → 9\d(\.\d)? % on {images.Count / 2} samples", built.Output);

        using var server = new Server(folder[App], $"bin/Release/net10.0/{App}.dll");
        using var client = new HttpClient { BaseAddress = server.Address };
        Assert.Contains("What is it?", await client.GetStringAsync("/", TestContext.Current.CancellationToken));
        await Load(client, images);
        await Refuses(client, "text instead of an image"u8.ToArray());
        await Refuses(client, []);
        await Refuses(client, images[0].File[..80]);
        await Refuses(client, PngFile.Of(5000, 1, 1, new byte[5000]));
        Assert.DoesNotContain("fail:", server.Output);
    }

    // So many requests that each image is sent once or twice; all must be answered, and equal images alike.
    private static async Task Load(HttpClient client, List<(string Class, byte[] File)> images)
    {
        var answers = new Answer[Requests];
        var milliseconds = new double[Requests];
        await Parallel.ForAsync(0, Requests, new ParallelOptions { MaxDegreeOfParallelism = Concurrency }, async (i, cancellation) =>
        {
            long start = Stopwatch.GetTimestamp();
            using var content = new ByteArrayContent(images[i % images.Count].File);
            using HttpResponseMessage response = await client.PostAsync("/classify", content, cancellation);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            answers[i] = (await response.Content.ReadFromJsonAsync<Answer>(cancellation))!;
            milliseconds[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        });
        for (int i = images.Count; i < Requests; i++)
            Assert.Equal(answers[i - images.Count], answers[i]);
        int right = answers.Where((a, i) => Letters(a.Label) == Letters(images[i % images.Count].Class)).Count();
        Assert.InRange(right, Requests * 0.9, Requests);

        Array.Sort(milliseconds);
        PathRecord.Ran(string.Create(
            CultureInfo.InvariantCulture,
            $"served {Requests} images, {Concurrency} at a time, 0 errors: median {milliseconds[Requests / 2]:F1} ms, "
                + $"99 % {milliseconds[Requests * 99 / 100]:F1} ms, longest {milliseconds[^1]:F1} ms"));
    }

    private static async Task Refuses(HttpClient client, byte[] body)
    {
        using var content = new ByteArrayContent(body);
        using HttpResponseMessage response = await client.PostAsync("/classify", content, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    // The sample's test images as files. A class of the sample has a name that no folder can have.
    private static List<(string Class, byte[] File)> Images()
    {
        DataSet data = DataSetReader.Read("data/fashion-test.npz", Sample, DataLimits.Default);
        byte[] pixels = data.Find("x")!.Values<byte>();
        long[] labels = data.Find("y")!.Values<long>();
        string[] classes = Classes();
        return [.. labels.Select((label, i) => (
            classes[label], PngFile.Of(Side, Side, 1, pixels.AsSpan(i * Side * Side, Side * Side))))];
    }

    // "Ankle boot" is AnkleBoot in code.
    private static string Letters(string name) => string.Concat(name.Where(char.IsAsciiLetter)).ToLowerInvariant();

    private static string[] Classes() =>
        [.. File.ReadAllLines(Path.Combine(Sample, "data", "labels.txt")).Select(l => l.Replace("/", "-", StringComparison.Ordinal))];

    private sealed record Answer(string Label, float Confidence);
}
