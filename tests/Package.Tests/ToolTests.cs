using System.IO.Compression;
using System.Text;
using OptimizerBuild.Data;
using OptimizerBuild.Harness;
using OptimizerBuild.Testing;

namespace OptimizerBuild;

/// <summary>The command-line tool as users have it: packed, installed from a feed, and run.</summary>
[Collection("package")]
public class ToolTests(PackedPackage package, InstalledTool tool) : IClassFixture<InstalledTool>
{
    private const string Mlp = "p/models/tiny-mlp.onnx";

    private ConsumerFolder Folder { get; } = Models(tool.Folder);

    [Fact]
    public void InspectSaysWhatRunsAsWhat()
    {
        ProcessResult said = tool.Run("inspect", Mlp).Succeeded();
        said.Says("multiply-accumulates").Says("int8 if accurate enough: sums of products");
        tool.Run("inspect", Mlp, "--set", "Precision=Float32").Succeeded().Says("float32");
    }

    [Fact]
    public void TryMeasuresEachWay()
    {
        ProcessResult said = tool.Run(
            "try", Mlp, "--data", "x=p/models/mlp x.npy;y=p/models/mlp y.npy", "--variants", "Float32", "Auto", "--with",
            "Precision=Int4;EntropyCoding=true", "--with", "Precision=Int4;Sparsity=2", "--seconds", "0.1").Succeeded();
        string[] rows = said.Output.Split('\n');
        foreach (string way in (string[])["Float32", "Auto", "Precision=Int4;EntropyCoding=true"])
        {
            string row = Assert.Single(rows, r => r.TrimStart().StartsWith(way + " ", StringComparison.Ordinal));
            Assert.Contains("Top-1", row, StringComparison.Ordinal);
            Assert.Contains(" µs", row, StringComparison.Ordinal);
        }
        said.Says("failed: OPT0010").Says("Sparsity=\"2\" is not understood");
    }

    [Fact]
    public void TryCalibratesOnDataWithoutLabels()
    {
        ProcessResult said = tool.Run("try", Mlp, "--data", "p/models/mlp x.npy", "--variants", "Auto", "--seconds", "0").Succeeded();
        said.Says(" dB");
        Assert.DoesNotContain("Top-1", said.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(" µs", said.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void ConvertWritesWhatTheBuildReads()
    {
        for (int i = 0; i < 4; i++)
            Folder.Write($"images/{"ab"[i % 2]}/{i}.png", PngFile.Gray(20 + i, 30, (x, y, _, _) => (byte)(x + (7 * y) + i)));
        tool.Run("convert", "images", "images.npz", "--model", "p/models/small-cnn.onnx").Succeeded();
        tool.Run("convert", "x=p/models/mlp x.npy;y=p/models/mlp y.npy", "arrays.npz").Succeeded();

        DataSet arrays = Read("x=p/models/mlp x.npy;y=p/models/mlp y.npy"), converted = Read("arrays.npz");
        Assert.Equal(arrays.Arrays.Select(a => a.Name), converted.Arrays.Select(a => a.Name));
        Assert.All(arrays.Arrays.Zip(converted.Arrays), p => Assert.True(p.First.Value.SameAs(p.Second.Value)));
        DataSet images = Read("images.npz");
        Assert.Equal([0L, 0L, 1L, 1L], images.Labels!.ToInt64());
        Assert.Equal(4, images.Find("x")!.Dimensions[0]);

        byte[] once = File.ReadAllBytes(Folder["arrays.npz"]);
        tool.Run("convert", "x=p/models/mlp x.npy;y=p/models/mlp y.npy", "arrays.npz").Succeeded();
        Assert.Equal(once, File.ReadAllBytes(Folder["arrays.npz"]));
        tool.Run("convert", "images", "none.npz").Says("OPT0080").Says("--model");
        Assert.False(File.Exists(Folder["none.npz"]));

        DataSet Read(string data) => DataSetReader.Read(data, Folder.Root, DataLimits.Default);
    }

    [Fact]
    public void AddMakesAProjectThatBuilds()
    {
        const string Project = "app/app.csproj";
        Folder.Write(Project, """
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
              </PropertyGroup>
            </Project>
            """);
        Folder.Write("app/Program.cs", """
            var model = new TinyMlp();
            System.Console.WriteLine(model.GetType().Name);
            """);
        string[] add =
        [
            "add", Mlp, "--project", Project, "--package-version", package.Version, "--set", "CalibrationData=../p/models/mlp x.npy",
            "--set", "ClassName=TinyMlp", "--set", "Namespace=app",
        ];
        Folder.Write("app/Usings.cs", "global using app;");
        tool.Run(add).Succeeded().Says("class TinyMlp");
        string text = File.ReadAllText(Folder[Project]);
        Folder.Build("app").Succeeded().Says("tiny-mlp: ");

        Assert.Equal(2, tool.Run(add).Says("already").ExitCode);
        Assert.Equal(2, tool.Run("add", "p/models/small-cnn.onnx", "--project", Project, "--set", "Colour=red").Says("OPT0010").ExitCode);
        Assert.Equal(text, File.ReadAllText(Folder[Project]));
    }

    [Fact]
    public void AddLeavesTheRestAsItIs()
    {
        const string Before = "\uFEFF<Project Sdk=\"Microsoft.NET.Sdk\">\r\n\t<!-- mine -->\r\n\t<PropertyGroup   A='1'/>\r\n";
        Folder.Write("kept/kept.csproj", Before + "</Project>\r\n");
        tool.Run("add", Mlp, "--project", "kept/kept.csproj", "--no-package", "--set", "Layers=hid*:Int4;scores:Float32").Succeeded();
        Assert.Equal(
            Before + "\r\n  <ItemGroup>\r\n    <CompressedModel Include=\"../p/models/tiny-mlp.onnx\"\r\n"
            + "                     Layers=\"hid*:Int4;scores:Float32\" />\r\n  </ItemGroup>\r\n\r\n</Project>\r\n",
            Encoding.UTF8.GetString(File.ReadAllBytes(Folder["kept/kept.csproj"])));
    }

    [Theory]
    [InlineData("inspect no-such.onnx", "no-such.onnx", 1)]
    [InlineData("inspect p/models/labels.txt", "error OPT00", 2)]
    [InlineData("try p/models/tiny-mlp.onnx --data none.npz", "none.npz", 2)]
    [InlineData("try p/models/tiny-mlp.onnx --set Precision", "--set needs Name=Value", 1)]
    [InlineData("try p/models/tiny-mlp.onnx --variants Tiny", "Tiny", 1)]
    [InlineData("convert images images.txt", ".npz", 1)]
    [InlineData("add p/models/tiny-mlp.onnx", "no project", 2)]
    public void MistakesAreSaid(string line, string said, int code) =>
        Assert.Equal(code, tool.Run(line.Split(' ')).Says(said).ExitCode);

    /// <summary>What is wrong is said whatever characters it holds, and nothing that is asked for is passed over.</summary>
    [Fact]
    public void MistakesInDataAreSaid()
    {
        Folder.Write("odd/a.jsonl", "[1, 2]\n");
        Assert.Equal(2, tool.Run("convert", "odd/a.jsonl", "odd/a.npz").Says("OPT0012").Says("{\"x\": [1, 2]").ExitCode);
        Folder.Write("odd/b.jsonl", "{\"x\": 1, \"y\": 0}\n{\"x\": 2, \"y\": 1}\n{\"x\": 3, \"y\": 0}\n{\"x\": 4, \"y\": 1}\n");
        tool.Run("convert", "odd/b.jsonl", "odd/b.npz", "--samples", "2").Succeeded();
        DataSet two = DataSetReader.Read("odd/b.npz", Folder.Root, DataLimits.Default);
        Assert.Equal([1L, 3L], two.Find("x")!.ToInt64());
        Assert.Equal(2, tool.Run("convert", "odd/b.jsonl", "odd/c.npz", "--set", "Preprocess=Unit").Says("--model").ExitCode);
        string[] twice = ["try", Mlp, "--data", "p/models/mlp x.npy", "--calibration", "p/models/mlp x.npy"];
        Assert.Equal(2, tool.Run(twice).Says("no labels").ExitCode);
    }

    /// <summary>Every assembly that the tool ships has its notice, and nobody gets documentation of internals.</summary>
    [Fact]
    public void NamesWhatItShips()
    {
        tool.Run("--help").Succeeded();
        using ZipArchive archive = ZipFile.OpenRead(Path.Combine(package.Feed, $"OptimizerBuild.Tool.{package.Version}.nupkg"));
        using var reader = new StreamReader(archive.GetEntry("THIRD-PARTY-NOTICES.txt")!.Open());
        string notices = reader.ReadToEnd();
        foreach (ZipArchiveEntry entry in archive.Entries.Where(e =>
            e.Name.EndsWith(".dll", StringComparison.Ordinal) && !e.Name.StartsWith("OptimizerBuild.", StringComparison.Ordinal)))
            Assert.Contains(Path.GetFileNameWithoutExtension(entry.Name), notices, StringComparison.Ordinal);
        Assert.DoesNotContain(archive.Entries, e => e.FullName.StartsWith("tools/", StringComparison.Ordinal)
            && Path.GetExtension(e.Name) == ".xml" && e.Name != "DotnetToolSettings.xml");
    }

    private static ConsumerFolder Models(ConsumerFolder folder)
    {
        folder.WriteModels("p");
        return folder;
    }
}
