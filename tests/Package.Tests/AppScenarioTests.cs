using System.Text.Json;
using OptimizerBuild.Harness;
using OptimizerBuild.Onnx;
using OptimizerBuild.Testing;

namespace OptimizerBuild;

/// <summary>An app with two models in a folder whose name is a trap: first build, later builds, cleaning, the editor's builds.</summary>
[Collection("package")]
public class AppScenarioTests(PackedPackage package)
{
    private const string Project = "my app @ [é] #1";
    private const string Objects = Project + "/obj/Debug/net10.0/OptimizerBuild";

    [Fact]
    public void TheLifeOfAProject()
    {
        var folder = new ConsumerFolder(package, "app");
        folder.WriteModels(Project);
        folder.Write($"{Project}/app.csproj", $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <RootNamespace>Consumer</RootNamespace>
                <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
              </PropertyGroup>
              <ItemGroup>
                {folder.PackageReference}
                {ConsumerProgram.Items}
              </ItemGroup>
            </Project>
            """);
        folder.Write($"{Project}/Program.cs", ConsumerProgram.Source("Consumer"));

        // An editor opens the project before anything was built: the class is known from its signature alone.
        folder.DotNet(Project, "restore").Succeeded();
        ProcessResult design = folder.BuildBy("msbuild", Project, "-t:Compile", "-p:DesignTimeBuild=true",
            "-p:BuildProjectReferences=false").Succeeded();
        Assert.True(design.Compiled);
        Assert.False(design.Compressed("tiny-mlp"));
        Assert.True(File.Exists(folder[Objects + "/tiny-mlp/tiny-mlp.signature.plan"]));
        Assert.False(File.Exists(folder[Objects + "/tiny-mlp/tiny-mlp.plan"]));

        ProcessResult first = folder.Build(Project, "--no-restore").Succeeded();
        Assert.True(first.Compressed("tiny-mlp") && first.Compressed("small-cnn") && first.Compiled);
        Assert.Matches(@"tiny-mlp: \d.* → .*×\), Top-1 100(\.0+)? % → \d+(\.\d+)? % on 64 samples, .* scratch, .* MACs \(", first.Output);
        Assert.DoesNotContain("OPT0019", first.Output);
        ConsumerProgram.Check(folder.DotNet(Project, "bin/Debug/net10.0/app.dll"), folder[Objects]);
        CheckReport(folder[Objects + "/tiny-mlp/tiny-mlp.report.json"]);

        ProcessResult second = folder.Build(Project).Succeeded().Skipped("OptimizerBuildCompress")
            .Skipped("OptimizerBuildCompileKernels").Skipped("CoreCompile");
        Assert.False(second.Compressed("tiny-mlp") || second.Compressed("small-cnn") || second.Compiled
            || second.FromCache("tiny-mlp") > 0);

        // External data is part of the model, and another model's outputs stay as they are.
        byte[] external = File.ReadAllBytes(folder[Project + "/models/data/w 1.bin"]);
        external[3] ^= 1;
        folder.Write(Project + "/models/data/w 1.bin", external);
        ProcessResult changed = folder.Build(Project, "--no-restore").Succeeded();
        Assert.True(changed.Compressed("small-cnn") && changed.Compiled);
        Assert.False(changed.Compressed("tiny-mlp"));
        Assert.Equal(0, changed.FromCache("tiny-mlp"));

        // The compressed model as an ONNX file: made where it is asked for, anew where it is missing, gone after a clean.
        string asked = File.ReadAllText(folder[Project + "/app.csproj"]).Replace("Labels=", "ExportOnnx=\"true\" Labels=",
            StringComparison.Ordinal);
        string plain = File.ReadAllText(folder[Project + "/app.csproj"]);
        string exported = folder[Objects + "/tiny-mlp/tiny-mlp.qdq.onnx"];
        folder.Write($"{Project}/app.csproj", asked);
        Assert.True(folder.Build(Project, "--no-restore").Succeeded().Compressed("tiny-mlp"));
        byte[] model = File.ReadAllBytes(exported);
        Assert.Equal(4, OnnxImporter.Import(model, exported, ImportOptions.Default).Graph.Nodes.Count(n =>
            n.OpType is "QuantizeLinear" or "Gemm"));
        folder.Build(Project, "--no-restore").Succeeded().Skipped("OptimizerBuildCompress");
        File.Delete(exported);
        folder.Build(Project, "--no-restore").Succeeded();
        Assert.Equal(model, File.ReadAllBytes(exported));
        folder.BuildBy("clean", Project).Succeeded();
        Assert.False(File.Exists(exported));
        folder.Write($"{Project}/app.csproj", plain);
        folder.Build(Project, "--no-restore").Succeeded();
        Assert.False(File.Exists(exported));

        // A touched model of equal content is up to date; metadata of the command line leave no trace in the times of files.
        File.SetLastWriteTimeUtc(folder[Project + "/models/tiny-mlp.onnx"], DateTime.UtcNow);
        folder.Build(Project, "--no-restore").Succeeded().Skipped("OptimizerBuildCompress");
        File.Delete(folder[Objects + "/tiny-mlp/tiny-mlp.plan"]);
        ProcessResult touched = folder.Build(Project, "--no-restore", "-p:RootNamespace=Consumer").Succeeded();
        Assert.Equal(1, touched.FromCache("tiny-mlp"));
        Assert.True(touched.Compiled);
        Assert.Contains("tiny-mlp: ", touched.Output);

        folder.BuildBy("clean", Project).Succeeded();
        Assert.False(Directory.Exists(folder[Objects]));
        ProcessResult rebuilt = folder.Build(Project, "--no-restore", "-mt").Succeeded();
        Assert.Equal((1, 1), (rebuilt.FromCache("tiny-mlp"), rebuilt.FromCache("small-cnn")));
        ConsumerProgram.Check(folder.DotNet(Project, "bin/Debug/net10.0/app.dll"), folder[Objects]);

        // A cache of another place knows nothing yet, and is filled.
        File.Delete(folder[Objects + "/tiny-mlp/tiny-mlp.plan"]);
        ProcessResult elsewhere = folder.Build(Project, "--no-restore", "-p:OptimizerBuildCachePath=" + folder["other cache/"]).Succeeded();
        Assert.True(elsewhere.Compressed("tiny-mlp"));
        Assert.NotEmpty(Directory.EnumerateFileSystemEntries(folder["other cache"]));

        ProcessResult items = folder.DotNet(Project, "msbuild", "-t:OptimizerBuildAddUpToDateCheckInputs", "-getItem:UpToDateCheckInput",
            "-p:DesignTimeBuild=true").Succeeded();
        foreach (string input in (string[])["tiny-mlp.onnx", "mlp x.npy", "mlp y.npy", "labels.txt", "w 1.bin"])
            Assert.Contains(input, items.Output);

        ProcessResult outputs = folder.DotNet(Project, "msbuild", "-t:OptimizerBuildAddOutputs",
            "-getItem:EmbedInBinlog,FileWrites,AdditionalFiles,EmbeddedResource").Succeeded();
        using JsonDocument json = JsonDocument.Parse(outputs.Output[outputs.Output.IndexOf('{')..]);
        foreach (string type in (string[])["EmbedInBinlog", "FileWrites", "AdditionalFiles"])
            Assert.Contains(json.RootElement.GetProperty("Items").GetProperty(type).EnumerateArray(),
                i => i.GetProperty("Identity").GetString()!.EndsWith("tiny-mlp.plan", StringComparison.Ordinal));
        Assert.Contains("Consumer.TinyMlp.weights", outputs.Output);
    }

    private static void CheckReport(string file)
    {
        using JsonDocument report = JsonDocument.Parse(File.ReadAllText(file));
        JsonElement root = report.RootElement;
        Assert.Equal("tiny-mlp", root.GetProperty("model").GetString());
        Assert.Equal(TestModels.Mlp().Length, root.GetProperty("sourceBytes").GetInt64());
        Assert.Equal(4 * ((16 * 12) + 12 + (12 * 3) + 3), root.GetProperty("floatWeightBytes").GetInt64());
        Assert.Equal((16 * 12) + (12 * 3), root.GetProperty("macs").GetInt64());
        Assert.Equal("Top-1", root.GetProperty("metric").GetString());
        Assert.Equal(1, root.GetProperty("floatMetric").GetDouble());
        Assert.InRange(root.GetProperty("compressedMetric").GetDouble(), 0.8, 1);
        Assert.Equal(64, root.GetProperty("samples").GetInt32());
        Assert.True(root.GetProperty("weightBytes").GetInt64() > 0 && root.GetProperty("scratchBytes").GetInt64() > 0);
        Assert.Equal(1, root.GetProperty("integerMacShare").GetDouble());
        Assert.Equal(2, root.GetProperty("layers").EnumerateArray().Count(l => l.GetProperty("macs").GetInt64() > 0));
    }
}
