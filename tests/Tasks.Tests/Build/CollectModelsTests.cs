using System.Security.Cryptography;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;
using OptimizerBuild.Files;
using OptimizerBuild.Harness;
using OptimizerBuild.Pipeline;

namespace OptimizerBuild.Build;

public sealed class CollectModelsTests : IDisposable
{
    private readonly TemporaryFolder _project = new();
    private readonly RecordingBuildEngine _engine = new();
    private string _friend = "";

    public void Dispose() => _project.Dispose();

    [Fact]
    public void FindsInputsAndNamesOutputs()
    {
        foreach (string file in (string[])["m.onnx", "labels.txt", "eval;1.npz", "tensors/test_data_set_0/input_0.pb",
            "tensors/test_data_set_1/input_0.pb"])
            File.WriteAllText(_project[file], "");

        ITaskItem item = Assert.Single(Collect(Item("m.onnx", ("CalibrationData", "tensors"), ("EvaluationData", "eval%3b1.npz"),
            ("Labels", "labels.txt"))));

        string folder = Path.Combine(_project.Path, "obj", "OptimizerBuild", "m");
        Assert.Equal(Path.Combine(folder, "m.plan"), item.GetMetadata("_Plan"));
        Assert.Equal(Path.Combine(folder, "m.weights"), item.GetMetadata("_Weights"));
        Assert.Equal(Path.Combine(folder, "m.report.json"), item.GetMetadata("_Report"));
        Assert.Equal("", item.GetMetadata("_QdqModel"));
        Assert.Equal("My.App.M.weights", item.GetMetadata("_ResourceName"));
        Assert.Equal("true", item.GetMetadata("_IsStale"));
        Assert.Equal("tensors", item.GetMetadata("CalibrationData"));
        // Escaped, so that MSBuild's splitting leaves the semicolon in the name alone.
        Assert.Equal(
            [
                _project["m.onnx"], _project["labels.txt"], _project["tensors/test_data_set_0/input_0.pb"],
                    _project["tensors/test_data_set_1/input_0.pb"],
                _project["eval%3b1.npz"], Path.Combine(folder, "m.options"), typeof(CollectModels).Assembly.Location,
            ],
            ((ITaskItem2)item).GetMetadataValueEscaped("_Inputs").Split(';'));
    }

    [Fact]
    public void TheOptionsFileChangesWithTheOptionsOnly()
    {
        File.WriteAllText(_project["m.onnx"], "");
        string options = Collect(Item("m.onnx"))[0].GetMetadata("_Options");
        DateTime past = DateTime.UtcNow.AddHours(-1);
        File.SetLastWriteTimeUtc(options, past);

        Collect(Item("m.onnx"));
        Assert.Equal(past, File.GetLastWriteTimeUtc(options), TimeSpan.FromSeconds(1));

        Collect(Item("m.onnx", ("MaxAccuracyDrop", "0.1"), ("EvaluationData", "e.npz")));
        Assert.True(File.GetLastWriteTimeUtc(options) > past.AddMinutes(1));
    }

    [Fact]
    public void ExternalDataOfTheLastBuildAreInputs()
    {
        File.WriteAllText(_project["models/m.onnx"], "model");
        File.WriteAllText(_project["models/weights/a.bin"], "a");
        ITaskItem first = Collect(Item("models/m.onnx"))[0];
        string options = File.ReadAllText(first.GetMetadata("_Options"));
        string list = _project["obj/OptimizerBuild/m/m.external"];
        File.WriteAllText(list, new ExternalFile("weights/a.bin", UserFile.HashOf(_project["models/weights/a.bin"])).Line);
        MakePlan(first);

        ITaskItem second = Collect(Item("models/m.onnx"))[0];

        // Otherwise the second build would find the options changed and compress again.
        Assert.Equal(options, File.ReadAllText(first.GetMetadata("_Options")));
        Assert.Contains(_project["models/weights/a.bin"], second.GetMetadata("_Inputs"));
        Assert.Equal("false", second.GetMetadata("_IsStale"));

        // Of the same size and time.
        DateTime time = File.GetLastWriteTimeUtc(_project["models/weights/a.bin"]);
        File.WriteAllText(_project["models/weights/a.bin"], "b");
        File.SetLastWriteTimeUtc(_project["models/weights/a.bin"], time);
        Assert.Equal("true", Collect(Item("models/m.onnx"))[0].GetMetadata("_IsStale"));
    }

    // A list may be damaged, and the next build must not be led out of the model's folder by it.
    [Fact]
    public void ExternalDataOutsideOfTheModelsFolderAreNoInputs()
    {
        File.WriteAllText(_project["models/m.onnx"], "model");
        File.WriteAllText(_project["secret.bin"], "s");
        Collect(Item("models/m.onnx"));
        File.WriteAllText(_project["obj/OptimizerBuild/m/m.external"],
            new ExternalFile("../secret.bin", new string('0', 64)).Line + "nonsense\n");

        Assert.DoesNotContain("secret", Collect(Item("models/m.onnx"))[0].GetMetadata("_Inputs"));
    }

    [Fact]
    public void AModelIsStaleByContentAndNotByTime()
    {
        File.WriteAllText(_project["m.onnx"], "one");
        Assert.Equal("true", Collect(Item("m.onnx"))[0].GetMetadata("_IsStale"));
        MakePlan(Collect(Item("m.onnx"))[0]);
        Assert.Equal("false", Collect(Item("m.onnx"))[0].GetMetadata("_IsStale"));

        // Touched, as a fresh clone or a restored archive is.
        File.SetLastWriteTimeUtc(_project["m.onnx"], DateTime.UtcNow.AddHours(2));
        Assert.Equal("false", Collect(Item("m.onnx"))[0].GetMetadata("_IsStale"));

        // Replaced by an older file of the same size, as cp -p does.
        File.WriteAllText(_project["m.onnx"], "two");
        File.SetLastWriteTimeUtc(_project["m.onnx"], DateTime.UtcNow.AddYears(-1));
        Assert.Equal("true", Collect(Item("m.onnx"))[0].GetMetadata("_IsStale"));
    }

    [Fact]
    public void AnotherGeneratorMakesModelsStale()
    {
        File.WriteAllText(_project["m.onnx"], "one");
        MakePlan(Collect(Item("m.onnx"))[0]);

        ITaskItem item = Assert.Single(Collect(t => t.GeneratorAssembly = typeof(CollectModels).Assembly.Location));

        Assert.Equal("true", item.GetMetadata("_IsStale"));
        string options = File.ReadAllText(item.GetMetadata("_Options"));
        Assert.Contains($"Generator={typeof(CollectModels).Module.ModuleVersionId:N}\n", options);
        Assert.Contains($"Tasks={typeof(CollectModels).Module.ModuleVersionId:N} ", options);
    }

    [Fact]
    public void ModelsOfTheSameFileNameGetFoldersOfTheirOwn()
    {
        ITaskItem[] items = Collect(Item("a/m.onnx"), Item("b/m.onnx", ("ClassName", "Other")));

        Assert.Equal(2, items.Select(i => i.GetMetadata("_Plan")).Distinct().Count());
        Assert.All(items, i => Assert.Equal("m.plan", Path.GetFileName(i.GetMetadata("_Plan"))));
    }

    [Fact]
    public void CharactersThatTheCompilersArgumentsCannotHoldAreReplacedInFileNames() =>
        Assert.Equal("a_b_c_.plan", Path.GetFileName(Collect(Item("a%3bb,c#.onnx"))[0].GetMetadata("_Plan")));

    [Fact]
    public void TwoModelsOfOneClassAreAnError()
    {
        Collect(Item("a/m.onnx"), Item("b/M.onnx"));

        BuildErrorEventArgs error = Assert.Single(_engine.Errors);
        Assert.Equal("OPT0017", error.Code);
        Assert.Contains("'a/m.onnx' and 'b/M.onnx'", error.Message);
        Assert.EndsWith("docs/diagnostics.md#opt0017", error.HelpLink);
    }

    [Fact]
    public void EveryItemWithBadMetadataIsReported()
    {
        Collect(Item("a.onnx", ("Precision", "Int3")), Item("b.onnx", ("Shapes", "?")), Item("c.onnx"));

        Assert.Equal(["OPT0010", "OPT0010"], _engine.Errors.Select(e => e.Code));
    }

    [Theory]
    [InlineData(".NETCoreApp", "v6.0", "C#", "built for .NETCoreApp 6.0")]
    [InlineData(".NETCoreApp", "v7.0", "C#", "built for .NETCoreApp 7.0")]
    [InlineData(".NETFramework", "v4.8", "C#", "built for .NETFramework 4.8")]
    [InlineData(".NETStandard", "v2.1", "C#", "built for .NETStandard 2.1")]
    [InlineData(".NETCoreApp", "v10.0", "VB", "written in VB")]
    [InlineData(".NETCoreApp", "v10.0", "F#", "written in F#")]
    public void UnsupportedTargetsAreAnError(string identifier, string version, string language, string expected)
    {
        Collect(t => (t.TargetFrameworkIdentifier, t.TargetFrameworkVersion, t.Language) = (identifier, version, language));

        BuildErrorEventArgs error = Assert.Single(_engine.Errors);
        Assert.Equal("OPT0014", error.Code);
        Assert.Contains(expected, error.Message);
    }

    [Theory]
    [InlineData("11", false)]
    [InlineData("7.3", false)]
    [InlineData("ISO-2", false)]
    [InlineData("12", true)]
    [InlineData("12.0", true)]
    [InlineData("14.0", true)]
    [InlineData("latest", true)]
    [InlineData("preview", true)]
    [InlineData("default", true)]
    [InlineData("", true)]
    public void LanguageVersionsBelow12AreAnError(string version, bool accepted)
    {
        Collect(t => t.LangVersion = version);

        Assert.Equal(accepted ? [] : ["OPT0015"], _engine.Errors.Select(e => e.Code));
    }

    [Theory]
    [InlineData("", "", "App")]
    [InlineData("false", "", "App")]
    [InlineData("false", "false", "")]
    [InlineData("true", "true", "")]
    [InlineData("true", "", "")]
    public void AnUnoptimisedBuildHasItsKernelsApart(string optimize, string optimizeModels, string friend)
    {
        Collect(t => (t.AssemblyName, t.Optimize, t.OptimizeCompressedModels) = ("App", optimize, optimizeModels));

        Assert.Equal(friend, _friend);
        Assert.DoesNotContain(_engine.Messages, m => m.Code == "OPT0019");
        Assert.Empty(_engine.Errors);
    }

    [Fact]
    public void ASignedProjectIsKnownByItsKey()
    {
        using var rsa = new RSACryptoServiceProvider(1024);
        File.WriteAllBytes(_project["key.snk"], rsa.ExportCspBlob(includePrivateParameters: true));
        Collect(t => (t.AssemblyName, t.Optimize, t.SignAssembly, t.KeyFile) = ("App", "", "true", "key.snk"));

        // .NET writes that the key is for exchanges; what the attribute needs is a key for signatures.
        byte[] blob = rsa.ExportCspBlob(includePrivateParameters: false);
        blob[5] = 0x24;
        Assert.Equal(
            "App, PublicKey=0024000004800000" + Convert.ToHexStringLower([.. BitConverter.GetBytes(blob.Length), .. blob]),
            _friend);
        // A file of the public key alone holds what the attribute says.
        byte[] key = Convert.FromHexString(_friend.Split('=')[1]);
        Assert.Equal(_friend.Split('=')[1], StrongNameKey.PublicKey(key));
        Assert.DoesNotContain(_engine.Messages, m => m.Code == "OPT0019");
    }

    [Theory]
    [InlineData("missing.snk")]
    [InlineData("other.pfx")]
    [InlineData("")]
    public void AProjectOfUnknownKeyIsMentioned(string file)
    {
        File.WriteAllText(_project["other.pfx"], "0\u0082 something else, long enough for the two forms of a key");
        Collect(t => (t.AssemblyName, t.Optimize, t.SignAssembly, t.KeyFile) = ("App", "", "true", file));

        Assert.Equal("", _friend);
        Assert.Contains(_engine.Messages, m => m.Code == "OPT0019");
        Assert.Empty(_engine.Errors);
    }

    [Theory]
    [InlineData("true", "", true)]
    [InlineData("true", "native", false)]
    [InlineData("", "", false)]
    public void ANativeBuildWithoutInstructionSetIsMentioned(string publishAot, string instructionSet, bool mentioned)
    {
        Collect(t => (t.PublishAot, t.IlcInstructionSet) = (publishAot, instructionSet));

        Assert.Equal(mentioned, _engine.Messages.Any(m => m.Code == "OPT0020"));
    }

    [Fact]
    public void DesignTimeBuildsSayNothingAboutSettings()
    {
        Collect(t => (t.Optimize, t.PublishAot, t.IsDesignTime) = ("", "true", true));

        Assert.DoesNotContain(_engine.Messages, m => m.Code is not null);
    }

    [Theory]
    [InlineData("fashion-mobilenet.onnx", null)]
    [InlineData("ch_ppocr_mobile_v2.0.onnx", null)]
    [InlineData("3d.onnx", "'3d' is called 'Model3d'")]
    [InlineData("predict.onnx", "'predict' is called 'PredictModel'")]
    public void AChangedNameIsMentioned(string file, string? expected)
    {
        Collect(Item(file));

        if (expected is null)
            Assert.DoesNotContain(_engine.Messages, m => m.Code == "OPT0022");
        else
            Assert.Contains(expected, _engine.Message("OPT0022").Message);
    }

    // What a successful build leaves: a plan younger than the options.
    private static void MakePlan(ITaskItem item)
    {
        File.SetLastWriteTimeUtc(item.GetMetadata("_Options"), DateTime.UtcNow.AddMinutes(-2));
        File.WriteAllText(item.GetMetadata("_Plan"), "");
        File.SetLastWriteTimeUtc(item.GetMetadata("_Plan"), DateTime.UtcNow.AddMinutes(-1));
    }

    private static TaskItem Item(string include, params (string Name, string Value)[] metadata)
    {
        var item = new TaskItem(include);
        foreach ((string name, string value) in metadata)
            item.SetMetadata(name, value);
        return item;
    }

    private ITaskItem[] Collect(params ITaskItem[] models) => Collect(t => t.Models = models);

    private ITaskItem[] Collect(Action<CollectModels> change)
    {
        var task = new CollectModels
        {
            BuildEngine = _engine,
            Models = [Item("m.onnx")],
            ProjectFolder = _project.Path,
            OutputFolder = @"obj\OptimizerBuild",
            RootNamespace = "My.App",
            Language = "C#",
            TargetFrameworkIdentifier = ".NETCoreApp",
            TargetFrameworkVersion = "v8.0",
            Optimize = "true",
        };
        change(task);
        Assert.Equal(task.Execute(), _engine.Errors.Count == 0);
        _friend = task.KernelFriend;
        return task.Collected;
    }
}
