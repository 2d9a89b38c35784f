using System.Text;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Harness;

/// <summary>A folder with a user's projects, cut off from everything above it, that can restore the packed package.</summary>
internal sealed class ConsumerFolder
{
    private readonly PackedPackage _package;

    public ConsumerFolder(PackedPackage package, string name)
    {
        _package = package;
        Root = Path.Combine(package.Folder, name);
        Directory.CreateDirectory(Root);
        Write("Directory.Build.props", "<Project />");
        Write("Directory.Build.targets", "<Project />");
        Write("Directory.Packages.props", "<Project />");
        Write("nuget.config", $"""
            <configuration>
              <packageSources>
                <add key="packed" value="{package.Feed}" />
              </packageSources>
            </configuration>
            """);
    }

    public string Root { get; }

    /// <summary>The reference a user writes.</summary>
    public string PackageReference => $"""<PackageReference Include="OptimizerBuild" Version="{_package.Version}" PrivateAssets="all" />""";

    /// <summary>The version for central package management.</summary>
    public string PackageVersion => $"""<PackageVersion Include="OptimizerBuild" Version="{_package.Version}" />""";

    /// <summary>Full path of a file.</summary>
    public string this[string file] => Path.Combine(Root, file.Replace('/', Path.DirectorySeparatorChar));

    public void Write(string file, string text) => Write(file, Encoding.UTF8.GetBytes(text));

    public void Write(string file, byte[] content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(this[file])!);
        File.WriteAllBytes(this[file], content);
    }

    /// <summary>Writes both models with their data into the folder <c>models</c> of a project.</summary>
    public void WriteModels(string project, string mlp = "tiny-mlp", string cnn = "small-cnn")
    {
        Write($"{project}/models/{mlp}.onnx", TestModels.Mlp());
        Write($"{project}/models/mlp x.npy", TestModels.MlpSamples());
        Write($"{project}/models/mlp y.npy", TestModels.MlpLabels());
        Write($"{project}/models/labels.txt", "cat\ndog\nbird of prey\n");
        Write($"{project}/models/{cnn}.onnx", TestModels.Cnn("data/w 1.bin", out byte[] external));
        Write($"{project}/models/data/w 1.bin", external);
        Write($"{project}/models/cnn.npy", TestModels.CnnSamples());
    }

    /// <summary>Runs a command of <c>dotnet</c> in a folder.</summary>
    public ProcessResult DotNet(string folder, params string[] arguments) => Testing.DotNet.Run(this[folder], arguments);

    /// <summary>Builds a project, with a log that tells what ran.</summary>
    public ProcessResult Build(string project, params string[] arguments) => BuildBy("build", project, arguments);

    /// <summary>Runs another command of <c>dotnet</c> that builds, with a log that tells what ran.</summary>
    public ProcessResult BuildBy(string command, string project, params string[] arguments) =>
        DotNet(project, [command, "-v:n", "-tl:off", "-nodeReuse:false", "-p:UseSharedCompilation=false", .. arguments]);
}
