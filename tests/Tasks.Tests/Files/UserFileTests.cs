using System.Diagnostics;
using System.Text.RegularExpressions;
using OptimizerBuild.Data;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Harness;
using OptimizerBuild.Onnx;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Files;

/// <summary>Devices, pipes and links in the place of a user's files: an error at once, never an endless read.</summary>
public sealed class UserFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("device")]
    [InlineData("pipe")]
    public void WhatIsNoOrdinaryFileIsRefusedAtOnce(string kind)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "devices and pipes that are files are Unix's");
        string file = Special(kind, "special.npz");
        string labels = Special(kind, "labels.txt");

        Assert.Throws<UnusableFileException>(() => UserFile.HashOf(file));
        Assert.Equal("OPT0002", Code(() => OnnxImporter.Import(file, new ImportOptions())));
        Assert.Equal(DiagnosticCatalog.DataFileMalformed.Code,
            Code(() => DataSetReader.Read("special.npz", _folder.Path, DataLimits.Default)));
        Assert.Equal(DiagnosticCatalog.LabelsMismatch.Code, Code(() => LabelsFile.Read(labels, 3)));
        Assert.Empty(ExternalDataNames.Of(file));
    }

    [Fact]
    public void NoMoreIsReadThanAllowed()
    {
        File.WriteAllBytes(_folder["ten"], new byte[10]);

        Assert.Equal(10, UserFile.Read(_folder["ten"], 10).Length);
        Assert.Throws<UnusableFileException>(() => UserFile.Read(_folder["ten"], 9));
        Assert.Throws<OperationCanceledException>(() => UserFile.HashOf(_folder["ten"], new CancellationToken(canceled: true)));
    }

    [Fact]
    public void LinksToOrdinaryFilesAreFollowed()
    {
        File.WriteAllText(_folder["real"], "content");
        File.CreateSymbolicLink(_folder["link"], _folder["real"]);
        File.CreateSymbolicLink(_folder["second"], _folder["link"]);

        Assert.Equal(UserFile.HashOf(_folder["real"]), UserFile.HashOf(_folder["second"]));
    }

    [Fact]
    public void BelowAFolderIsWhereLinksReallyLead()
    {
        File.WriteAllText(_folder["models/w.bin"], "w");
        File.WriteAllText(_folder["outside.bin"], "o");
        File.CreateSymbolicLink(_folder["models/out"], _folder["outside.bin"]);
        File.CreateSymbolicLink(_folder["models/circle"], _folder["models/circle"]);

        Assert.NotNull(SymbolicLinks.Below(_folder["models"], ["w.bin"]));
        Assert.Null(SymbolicLinks.Below(_folder["models"], ["out"]));
        Assert.Null(SymbolicLinks.Below(_folder["models"], ["circle"]));
        Assert.Null(SymbolicLinks.Below(_folder["models"], ["..", "outside.bin"]));
    }

    // Own outputs (cache, plans, the tools' assemblies) apart, there is no other way to open a file.
    [Fact]
    public void UsersFilesAreOpenedInOnePlace()
    {
        string root = Path.Combine(SharedAssets.RepositoryRoot, "src", "Tasks");
        string[] own = ["Files", "Caching", "bin", "obj"];
        foreach (string file in Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories))
        {
            string name = Path.GetRelativePath(root, file);
            if (own.Contains(name.Split(Path.DirectorySeparatorChar)[0]) || name is "CollectModels.cs")
                continue;
            Assert.False(
                Regex.IsMatch(File.ReadAllText(file), @"(?<!User)File\.(Open\w*|Read\w+)\(|new FileStream\("),
                    $"{name} opens files without UserFile");
        }
    }

    private string Special(string kind, string name)
    {
        if (kind == "device")
        {
            File.CreateSymbolicLink(_folder[name], "/dev/zero");
            return _folder[name];
        }
        using Process process = Process.Start("mkfifo", _folder[name]);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return _folder[name];
    }

    private static string Code(Action action) => Assert.Throws<ModelException>(action).Diagnostic.Descriptor.Code;
}
