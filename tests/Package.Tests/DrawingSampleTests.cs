using System.Xml.Linq;
using Microsoft.Playwright;
using OptimizerBuild.Harness;
using OptimizerBuild.Testing;

namespace OptimizerBuild;

/// <summary>The sample <c>sample-app/drawing</c>, published with the package and clicked through in Chromium.</summary>
[Collection("package")]
public class DrawingSampleTests(PackedPackage package)
{
    private static readonly string Sample = Path.Combine(SharedAssets.RepositoryRoot, "sample-app");
    private static readonly string? Chromium = SearchPath.Find("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome");

    [Theory]
    [InlineData("Release")]
    [InlineData("Debug")]
    public async Task WhatIsDrawnIsRecognised(string configuration)
    {
        Assert.SkipWhen(Chromium is null, "needs Chromium (Debian's package chromium-headless-shell)");
        ConsumerFolder folder = Project("drawing " + configuration);
        string published = Path.Combine(folder.Root, "published");
        folder.BuildBy("publish", "drawing", "-c", configuration, "-o", published, "-p:CompressionEnabled=false").Succeeded();
        string framework = Path.Combine(published, "wwwroot", "_framework");
        Assert.Equal(configuration == "Debug", Directory.EnumerateFiles(framework, "drawing.OptimizerBuild.*").Any());

        using var site = new StaticSite(Path.Combine(published, "wwwroot"));
        using IPlaywright playwright = await Playwright.CreateAsync();
        await using IBrowser browser = await playwright.Chromium.LaunchAsync(
            new() { ExecutablePath = Chromium, Args = ["--no-sandbox"] });
        IPage page = await browser.NewPageAsync(new() { ViewportSize = new() { Width = 330, Height = 540 } });
        var complaints = new List<string>();
        page.PageError += (_, error) => complaints.Add(error);
        page.Console += (_, message) => complaints.AddRange(message.Type == "error" ? [message.Text] : []);
        await page.GotoAsync(site.Address.ToString());
        ILocator answer = page.GetByRole(AriaRole.Status);
        await Assertions.Expect(answer).ToHaveTextAsync("What is it?", new() { Timeout = 60_000 });
        ILocator canvas = page.Locator("canvas");
        await Assertions.Expect(canvas).ToHaveAttributeAsync("data-ready", "", new() { Timeout = 60_000 });

        LocatorBoundingBoxResult box = (await canvas.BoundingBoxAsync())!;
        await Draw(page, box, (100, 250), (115, 40), (165, 40), (180, 250));
        await Assertions.Expect(answer).ToHaveTextAsync(new System.Text.RegularExpressions.Regex(@"^Trouser \(\d\d %\)$"));
        string shots = Path.Combine(SharedAssets.RepositoryRoot, "artifacts", "test-results");
        await page.ScreenshotAsync(new() { Path = Path.Combine(shots, $"drawing-{configuration}.png") });

        await page.GetByRole(AriaRole.Button).ClickAsync();
        await Assertions.Expect(answer).ToHaveTextAsync("What is it?");
        await Draw(page, box, (40, 200), (40, 205), (240, 205), (240, 180), (140, 190), (40, 200));
        await Assertions.Expect(answer).ToHaveTextAsync(new System.Text.RegularExpressions.Regex(@"^(Sandal|Sneaker|Ankle\w*) \("));
        Assert.Empty(complaints);
        PathRecord.Ran($"browser {configuration}");
    }

    private static async Task Draw(IPage page, LocatorBoundingBoxResult box, params (int X, int Y)[] points)
    {
        await page.Mouse.MoveAsync(box.X + points[0].X, box.Y + points[0].Y);
        await page.Mouse.DownAsync();
        foreach ((int x, int y) in points[1..])
            await page.Mouse.MoveAsync(box.X + x, box.Y + y, new() { Steps = 5 });
        await page.Mouse.UpAsync();
    }

    // The sample as it stands, but with the package where the repository imports its own sources.
    private ConsumerFolder Project(string name)
    {
        var folder = new ConsumerFolder(package, name);
        foreach (string file in Directory.EnumerateFiles(Path.Combine(Sample, "drawing"), "*", SearchOption.AllDirectories))
        {
            string relative = Path.GetRelativePath(Sample, file);
            if (!relative.Split(Path.DirectorySeparatorChar).Any(f => f is "bin" or "obj"))
                folder.Write(relative.Replace('\\', '/'), File.ReadAllBytes(file));
        }
        foreach (string file in (string[])
            ["models/fashion-mobilenet.onnx", "data/fashion-calibration.npz", "data/fashion-test.npz", "data/labels.txt"])
            folder.Write(file, File.ReadAllBytes(Path.Combine(Sample, file)));

        XElement project = XElement.Load(folder["drawing/drawing.csproj"]);
        project.Element("Import")!.ReplaceWith(new XElement("ItemGroup", new XElement(
            "PackageReference", new XAttribute("Include", "OptimizerBuild"), new XAttribute("PrivateAssets", "all"))));
        project.Save(folder["drawing/drawing.csproj"]);
        string versions = File.ReadAllText(Path.Combine(SharedAssets.RepositoryRoot, "Directory.Packages.props"));
        folder.Write("Directory.Packages.props", versions.Replace(
            "</Project>", $"<ItemGroup>{folder.PackageVersion}</ItemGroup></Project>", StringComparison.Ordinal));
        return folder;
    }
}
