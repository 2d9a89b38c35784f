using System.Globalization;
using OptimizerBuild.Harness;
using OptimizerBuild.Testing;

namespace OptimizerBuild;

/// <summary>Trained networks through the packed package into an app that measures itself on the data the build measured.</summary>
[Collection("package")]
public class TrainedModelTests(PackedPackage package)
{
    [Fact]
    public void TheAppIsAsAccurateAsTheBuildSays()
    {
        SharedAssets.Require();
        var folder = new ConsumerFolder(package, "trained");
        string images = SharedAssets.Path("data/fashion-mnist/t10k-images-idx3-ubyte.gz");
        string labels = SharedAssets.Path("data/fashion-mnist/t10k-labels-idx1-ubyte.gz");
        folder.Write("app/app.csproj", $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <RootNamespace>Consumer</RootNamespace>
                <ImplicitUsings>enable</ImplicitUsings>
                <OptimizeCompressedModels>true</OptimizeCompressedModels>
                <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
              </PropertyGroup>
              <ItemGroup>
                {folder.PackageReference}
                <CompressedModel Include="{SharedAssets.Path("models/trained/digits-mlp.onnx")}" CalibrationData="{SharedAssets.Path("data/tabular/digits-train.npz")}"
                                 EvaluationData="{SharedAssets.Path("data/tabular/digits-test.npz")}" Task="Classification" MaxAccuracyDrop="0.005" />
                <CompressedModel Include="{SharedAssets.Path("models/trained/fashion-mobilenet.onnx")}" CalibrationData="image={images}" InputScale="1/255"
                                 EvaluationData="image={images};y={labels}" Task="Classification" MaxAccuracyDrop="0.005" InputType="UInt8" />
              </ItemGroup>
            </Project>
            """);
        folder.Write("app/Program.cs", """
            using System.IO.Compression;
            using Consumer;

            byte[] images = Read(args[0], 16), labels = Read(args[1], 8);
            var model = new FashionMobilenet();
            int right = 0;
            for (int i = 0; i < labels.Length; i++)
                if (model.Predict(images.AsSpan(i * 784, 784)).Index == labels[i])
                    right++;
            Console.WriteLine(FormattableString.Invariant($"fashion {right} {labels.Length} {FashionMobilenet.Info.Accuracy:R} {FashionMobilenet.Info.FloatAccuracy:R}"));
            Console.WriteLine(FormattableString.Invariant($"digits {DigitsMlp.Info.Accuracy:R} {DigitsMlp.Info.FloatAccuracy:R} {DigitsMlp.Info.Samples}"));

            static byte[] Read(string file, int header)
            {
                using var stream = new GZipStream(File.OpenRead(file), CompressionMode.Decompress);
                var memory = new MemoryStream();
                stream.CopyTo(memory);
                return memory.ToArray()[header..];
            }
            """);

        ProcessResult build = folder.Build("app").Succeeded();
        Assert.Contains("fashion-mobilenet: ", build.Output);
        ProcessResult run = folder.DotNet("app", "bin/Debug/net10.0/app.dll", images, labels).Succeeded();

        string[] fashion = Line(run, "fashion ");
        Assert.Equal(10000, int.Parse(fashion[2], CultureInfo.InvariantCulture));
        Assert.Equal(double.Parse(fashion[3], CultureInfo.InvariantCulture), int.Parse(fashion[1], CultureInfo.InvariantCulture) / 10000.0);
        Assert.InRange(double.Parse(fashion[4], CultureInfo.InvariantCulture), 0.9225, 0.9235);
        string[] digits = Line(run, "digits ");
        Assert.InRange(double.Parse(digits[2], CultureInfo.InvariantCulture), 0.975, 0.978);
        Assert.Equal("719", digits[3]);
    }

    private static string[] Line(ProcessResult run, string start) =>
        run.Output.Split('\n').Single(l => l.StartsWith(start, StringComparison.Ordinal)).Split(' ');
}
