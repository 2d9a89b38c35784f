using System.CommandLine;
using System.Diagnostics;
using System.Reflection;
using OptimizerBuild.Options;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Tool.Files;
using Spectre.Console;

namespace OptimizerBuild.Tool.Commands;

/// <summary>Writes the item for a model into a project, and the reference to the package where the project has none.</summary>
internal sealed class AddCommand : ModelCommand
{
    private const string Package = "OptimizerBuild";

    private readonly Argument<FileInfo> _model = new Argument<FileInfo>("model") { Description = "The ONNX model" }.AcceptExistingOnly();

    private readonly Option<FileInfo> _project = new Option<FileInfo>("--project")
    {
        Description = "The project; else the only one in the current folder",
        HelpName = "FILE",
    }.AcceptExistingOnly();

    private readonly Option<string> _version = new("--package-version")
    {
        Description = "The version of the package; else that of this tool",
        HelpName = "VERSION",
    };

    private readonly Option<bool> _noPackage = new("--no-package")
    {
        Description = "Leave the project's packages as they are",
    };

    /// <param name="console">Where it writes.</param>
    public AddCommand(IAnsiConsole console)
        : base("add", "Writes the item for a model into a project. Paths in --set start from the project's folder.", console)
    {
        Add(_model);
        Add(_project);
        Add(_version);
        Add(_noPackage);
    }

    /// <inheritdoc/>
    protected override int Run(ParseResult line, CancellationToken cancellation)
    {
        var project = new ProjectFile(line.GetValue(_project)?.FullName ?? ProjectFile.In(Environment.CurrentDirectory));
        string folder = Path.GetDirectoryName(project.Path)!;
        FileInfo model = line.GetRequiredValue(_model);
        Dictionary<string, string> metadata = Metadata(line);
        // A model that cannot be built is not added; neither is an item that is not understood.
        ModelOptions options = ItemMetadata.Parse(model.FullName, metadata, folder, "");
        _ = ModelSurvey.Of(options, cancellation);

        string include = Path.GetRelativePath(folder, model.FullName).Replace('\\', '/');
        if (project.HasModel(include))
            throw new IOException($"'{project.Path}' has an item for {include} already.");
        if (!line.GetValue(_noPackage) && !project.HasPackage(Package))
        {
            AddPackage(project.Path, line.GetValue(_version) ?? OwnVersion());
            project = new ProjectFile(project.Path);
        }
        Output.WriteLine($"{project.Path}:");
        Output.WriteLine(project.Add(include, metadata));
        Output.WriteLine($"`dotnet build` compresses the model and generates the class {options.ClassName}.");
        return 0;
    }

    // `dotnet add package` knows where versions are kept, in the project or centrally.
    private void AddPackage(string project, string version)
    {
        var start = new ProcessStartInfo("dotnet", ["add", project, "package", Package, "--version", version])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start) ?? throw new IOException("`dotnet` could not be started.");
        Task<string> error = process.StandardError.ReadToEndAsync();
        string said = process.StandardOutput.ReadToEnd() + error.GetAwaiter().GetResult();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new IOException($"The package {Package} {version} could not be added to '{project}':\n{said.Trim()}");
        Output.WriteLine($"{project}: package {Package} {version}");
    }

    private static string OwnVersion()
    {
        string version = typeof(AddCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
        int build = version.IndexOf('+', StringComparison.Ordinal);
        return build < 0 ? version : version[..build];
    }
}
