using OptimizerBuild.Diagnostics;

namespace OptimizerBuild.Options;

public class ItemMetadataTests
{
    private static readonly string Folder = Path.GetFullPath(Path.Combine(Path.GetTempPath(), "project"));

    [Fact]
    public void IncludeAloneSuffices()
    {
        ModelOptions options = Parse();

        Assert.Equal(Path.Combine(Folder, "models", "fashion-mobilenet.onnx"), options.ModelPath);
        Assert.Equal("fashion-mobilenet", options.Name);
        Assert.Equal("FashionMobilenet", options.ClassName);
        Assert.Equal("My.App", options.Namespace);
        Assert.False(options.IsPublic);
        Assert.Equal("My.App.FashionMobilenet.weights", options.ResourceName);
        Assert.Equal(512, options.CalibrationSamples);
        Assert.Null(options.MaxAccuracyDrop);
    }

    [Fact]
    public void EveryMetadataArrives()
    {
        ModelOptions options = Parse(
            ("ClassName", "Net"), ("Namespace", "A.B"), ("Accessibility", "Public"), ("Shapes", "image=1,3,224,224;a=b:0=2"),
            ("Constants", "sr=16000; state=0,0.5;flag=true"), ("Task", "regression"), ("CalibrationData", "data/train.npz"),
            ("CalibrationSamples", "64"), ("EvaluationData", "x=a.npy;y=b.npy"), ("LabelKey", "target"), ("Labels", "labels.txt"),
                ("Metric", "R2"),
            ("MaxAccuracyDrop", "0.005"), ("Precision", "Int8"), ("MinSignalToNoise", "12.5"), ("Calibration", "Entropy"),
            ("MinOutputSignalToNoise", "33"),
            ("InputType", "UInt8"), ("InputScale", "0.5,0.25,1e-2"), ("InputOffset", "-1"), ("InputLayout", "NHWC"));

        Assert.Equal(("Net", "A.B", true), (options.ClassName, options.Namespace, options.IsPublic));
        Assert.Equal([1, 3, 224, 224], options.Shapes["image"].ToArray());
        Assert.Equal([2], options.Shapes["a=b:0"].ToArray());
        Assert.Equal([16000L], options.Constants["sr"].Integers.ToArray());
        Assert.True(options.Constants["state"].Integers.IsDefault);
        Assert.Equal([0, 0.5], options.Constants["state"].Reals.ToArray());
        Assert.Equal([1L], options.Constants["flag"].Integers.ToArray());
        Assert.Equal(ModelTask.Regression, options.Task);
        Assert.Equal(new DataSpec("data/train.npz", Folder), options.CalibrationData);
        Assert.Equal(64, options.CalibrationSamples);
        Assert.Equal(new DataSpec("x=a.npy;y=b.npy", Folder), options.EvaluationData);
        Assert.Equal("target", options.LabelKey);
        Assert.Equal(Path.Combine(Folder, "labels.txt"), options.LabelsPath);
        Assert.Equal(AccuracyMetric.R2, options.Metric);
        Assert.Equal(0.005, options.MaxAccuracyDrop);
        Assert.Equal(12.5, options.MinSignalToNoise);
        Assert.Equal(33, options.MinOutputSignalToNoise);
        Assert.Equal(InputElement.UInt8, options.InputType);
        Assert.Equal([0.5, 0.25, 0.01], options.InputScale.ToArray());
        Assert.Equal([-1], options.InputOffset.ToArray());
        Assert.Equal(ImageLayout.NHWC, options.InputLayout);
    }

    [Fact]
    public void FractionsAreNumbers()
    {
        ModelOptions options = Parse(("InputScale", "1/255, 1 / 127.5,0.5"), ("InputOffset", "-1/2"));
        Assert.Equal([1 / 255.0, 1 / 127.5, 0.5], options.InputScale.ToArray());
        Assert.Equal([-0.5], options.InputOffset.ToArray());
        foreach (string wrong in (string[])["1/0", "1/", "/2", "1/2/3", "-1/2", "0/1"])
            Assert.Throws<ModelException>(() => Parse(("InputScale", wrong)));
    }

    [Theory]
    [InlineData("512000", 512000, "3000000", 3000000)]
    [InlineData("500 KB", 512000, "3 M", 3000000)]
    [InlineData("1.5mb", 1572864, "0.3g", 300000000)]
    [InlineData("12 bytes", 12, "1.5 k", 1500)]
    [InlineData("2 GB", 2147483648, "1e3", 1000)]
    public void AmountsHaveUnits(string size, long bytes, string count, long macs)
    {
        ModelOptions options = Parse(("MaxSize", size), ("MaxMemory", size), ("MaxMacs", count));
        Assert.Equal((bytes, bytes, macs), (options.MaxSize!.Value, options.MaxMemory!.Value, options.MaxMacs!.Value));
    }

    [Fact]
    public void AllFaultsAreToldAtOnce()
    {
        ModelException e = Assert.Throws<ModelException>(() =>
            Parse(("Precision", "Int5"), ("Labes", "l.txt"), ("MaxAccuracyDrop", "0.1")));
        Assert.Equal(3, e.Diagnostics.Length);
        Assert.Contains(e.Diagnostics, d => d.Text.Contains("Precision=\"Int5\"", StringComparison.Ordinal));
        Assert.Contains(e.Diagnostics, d => d.Text.Contains("did you mean 'Labels'", StringComparison.Ordinal));
        Assert.Contains(e.Diagnostics, d => d.Text.Contains("only together with EvaluationData", StringComparison.Ordinal));
    }

    /// <summary>Outside of its namespace nobody could name such a class (CS0118).</summary>
    [Fact]
    public void AProjectMayBeCalledAsItsModel()
    {
        string path = Path.Combine("models", "digits.onnx");
        Assert.Equal("DigitsModel", ItemMetadata.Parse(path, new Dictionary<string, string>(), Folder, "Digits").ClassName);
        Assert.Equal("DigitsModel", ItemMetadata.Parse(path, new Dictionary<string, string>(), Folder, "Digits.App").ClassName);
        Assert.Equal("Digits", ItemMetadata.Parse(path, new Dictionary<string, string>(), Folder, "App.Digits").ClassName);
        Assert.Equal("Digits",
            ItemMetadata.Parse(path, new Dictionary<string, string> { ["ClassName"] = "Digits" }, Folder, "Digits").ClassName);
    }

    [Fact]
    public void ASequenceMayBeEmpty()
    {
        ModelOptions options = Parse(("Shapes", "seq=none;list_0=2,3;list_1=1,3"));
        Assert.True(options.Shapes["seq"].IsDefault);
        Assert.Equal([1, 3], options.Shapes["list_1"].ToArray());
        Assert.Contains("\nShapes seq=none\n", OptionsText.Write(options), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("x=1,2", "x=1,2")]
    [InlineData("x=1,2|x=3,2", "x=1,2/x=3,2")]
    [InlineData(" x = 1, 2 ; y=3 ; |\n Portrait:  y=4", "x=1,2;y=3/Portrait: y=4")]
    [InlineData("Main: x=1|x=2|Wide2: x=3", "Main: x=1/x=2/Wide2: x=3")]
    [InlineData("Placeholder:0=1,2", "Placeholder:0=1,2")]
    [InlineData("x=1;seq=none|x=2;seq=none; | Portrait: x=3", "seq=none;x=1/seq=none;x=2/Portrait: x=3")]
    [InlineData("Portrait: Placeholder:0=1,2 | a|b=1", "Portrait: Placeholder:0=1,2/a|b=1")]
    public void ShapesMayComeInSeveralSets(string value, string sets) =>
        Assert.Equal(sets, string.Join('/', Parse(("Shapes", value)).ShapeSets));

    [Theory]
    [InlineData("ClassName", "1st")]
    [InlineData("ClassName", "Predict")]
    [InlineData("Namespace", "A..B")]
    [InlineData("Accessibility", "Private")]
    [InlineData("Shapes", "1,3,224,224")]
    [InlineData("Shapes", "image=1,0")]
    [InlineData("Shapes", "image=1,99999999999")]
    [InlineData("Shapes", "image=1;image=2")]
    [InlineData("Shapes", "image=1 |")]
    [InlineData("Shapes", "image=1 | | image=2")]
    [InlineData("Shapes", "image=1 | portrait: image=2")]
    [InlineData("Shapes", "image=1 | Two words: image=2")]
    [InlineData("Shapes", "image=1 | Portrait: ")]
    [InlineData("Constants", "sr=fast")]
    [InlineData("Task", "Detection")]
    [InlineData("CalibrationSamples", "0")]
    [InlineData("CalibrationSamples", "ten")]
    [InlineData("Metric", "Accuracy")]
    [InlineData("MaxAccuracyDrop", "-1")]
    [InlineData("MaxAccuracyDrop", "0,5 %")]
    [InlineData("Compression", "Tiny")]
    [InlineData("MaxSize", "-5 KB")]
    [InlineData("MaxSize", "0")]
    [InlineData("MaxSize", "5 kg")]
    [InlineData("MaxMemory", "1,5 MB")]
    [InlineData("MaxMacs", "3 MB")]
    [InlineData("MaxMacs", "1e300")]
    [InlineData("Layers", "conv1")]
    [InlineData("Layers", "conv1:Int5")]
    [InlineData("Precision", "Int3")]
    [InlineData("Sparsity", "30 %")]
    [InlineData("Sparsity", "1")]
    [InlineData("SparsityPattern", "Stripes")]
    [InlineData("PruningCriterion", "Luck")]
    [InlineData("Fold", "-0.1")]
    [InlineData("Rank", "1")]
    [InlineData("Rank", "Low")]
    [InlineData("FoldRepair", "Glue")]
    [InlineData("RankForm", "SVD")]
    [InlineData("Student", "2x")]
    [InlineData("Student", "0.01x")]
    [InlineData("Student", "0.25")]
    [InlineData("Student", "1.5x depth")]
    [InlineData("Student", "0.5 depth")]
    [InlineData("Student", "depth")]
    [InlineData("Student", "small")]
    [InlineData("StudentWeights", "Borrowed")]
    [InlineData("Teacher", "a.onnx;b.txt")]
    [InlineData("Teacher", ";")]
    [InlineData("SelfTraining", "Maybe")]
    [InlineData("Equalize", "Sometimes")]
    [InlineData("MinSignalToNoise", "NaN")]
    [InlineData("MinOutputSignalToNoise", "-3")]
    [InlineData("Calibration", "Best")]
    [InlineData("InputType", "Int16")]
    [InlineData("InputScale", "0")]
    [InlineData("InputOffset", "1;2")]
    [InlineData("InputLayout", "HWC")]
    public void ValuesThatAreNotUnderstoodAreNamedWithWhatIsAccepted(string name, string value)
    {
        Diagnostic diagnostic = Fail((name, value));

        Assert.Equal("OPT0010", diagnostic.Descriptor.Code);
        Assert.Contains("models/fashion-mobilenet.onnx", diagnostic.Text);
        Assert.Contains($"{name}=\"{value}\"", diagnostic.Text);
        Assert.Contains(ItemMetadata.Table.Single(e => e.Name == name).Accepted, diagnostic.Text);
    }

    [Fact]
    public void EveryMetadataThatIsNotFreeTextRefusesSomething()
    {
        foreach (MetadataEntry entry in ItemMetadata.Table.Where(e => e.Name != "LabelKey"))
            Assert.Equal("OPT0010", Fail((entry.Name, "\0;=?")).Descriptor.Code);
    }

    [Fact]
    public void ANameWithATypingErrorIsAnsweredWithTheNearestOne()
    {
        Assert.Contains("did you mean 'Precision'?", Fail(("Precison", "Int8")).Text);
        Assert.Contains("did you mean 'CalibrationData'?", Fail(("CalibratonData", "x.npz")).Text);
        Assert.Contains("ClassName, Namespace, Accessibility", Fail(("Quantisation", "Int8")).Text);
    }

    [Fact]
    public void MetadataOfOthersAreLeftAlone()
    {
        ModelOptions options = Parse(("Link", "x"), ("Visible", "false"), ("Generator", "MSBuild:Compile"), ("_Mine", "1"),
            ("Precision", " "));

        Assert.Equal(ModelPrecision.Auto, options.Precision);
    }

    [Fact]
    public void ALimitWithoutDataToMeasureItOnIsRefused() => Assert.Contains("EvaluationData", Fail(("MaxAccuracyDrop", "0.5")).Text);

    [Fact]
    public void ChannelsAreEitherMergedOrLeftOut() => Assert.Contains("either merged or left out",
        Fail(("Fold", "0.3"), ("Sparsity", "0.3"), ("SparsityPattern", "Channel")).Text, StringComparison.Ordinal);

    [Fact]
    public void AStudentIsAShareOrAFile()
    {
        ModelOptions options = Parse(("Student", "0.25x"), ("CalibrationData", "c.npz"));
        Assert.Equal((0.25, null), (options.Student!.Width, options.Student.Path));
        Assert.Equal("student 0.25x", options.Lineage);
        options = Parse(("Student", "0.5x depth"), ("CalibrationData", "c.npz"));
        Assert.Equal((null, 0.5, null, "0.5x depth"),
            (options.Student!.Width, options.Student.Depth, options.Student.Path, options.Student.ToString()));

        options = Parse(("Student", @"small\net.onnx"), ("StudentWeights", "fresh"), ("EvaluationData", "c.npz"));
        Assert.Equal((null, Path.Combine(Folder, "small", "net.onnx")), (options.Student!.Width, options.Student.Path));
        Assert.Equal(StudentWeights.Fresh, options.StudentWeights);
        Assert.DoesNotContain(Folder, OptionsText.Write(options), StringComparison.Ordinal);
        options = Parse(("Student", "0.5x"), ("CalibrationData", "c.npz"), ("Teacher", "a.onnx; big/b.onnx"));
        Assert.Equal([Path.Combine(Folder, "a.onnx"), Path.Combine(Folder, "big", "b.onnx")], options.Teachers);
        Assert.Equal("student 0.5x of 2 teachers", options.Lineage);
        Assert.DoesNotContain(Folder, OptionsText.Write(options), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("it needs CalibrationData or EvaluationData", "Student", "0.5x")]
    [InlineData("nothing is done", "Student", "0.5x", "CalibrationData", "c.npz", "Compression", "None")]
    [InlineData("one set of Shapes", "Student", "s.onnx", "CalibrationData", "c.npz", "Shapes", "x=1,2 | x=1,3")]
    [InlineData("has no State", "Student", "s.onnx", "CalibrationData", "c.npz", "State", "h=hn")]
    [InlineData("together with the file of a Student", "Student", "0.5x", "CalibrationData", "c.npz", "StudentWeights", "Fresh")]
    [InlineData("together with the file of a Student", "StudentWeights", "Own")]
    [InlineData("together with Recovery or Student", "Teacher", "a.onnx")]
    [InlineData("together with Recovery or Student", "Augment", "Flip")]
    [InlineData("cannot judge", "Head", "a.npz", "EvaluationData", "a.npz")]
    [InlineData("Task must be Classification", "Head", "a.npz", "Task", "Regression")]
    [InlineData("together with Head", "SelfTraining", "True")]
    [InlineData("it needs CalibrationData", "Head", "a.npz", "SelfTraining", "True")]
    public void ContradictionsOfTrainingAreSaid(string expected, params string[] metadata)
    {
        Diagnostic diagnostic = Fail([.. metadata.Chunk(2).Select(m => (m[0], m[1]))]);
        Assert.Equal("OPT0010", diagnostic.Descriptor.Code);
        Assert.Contains(expected, diagnostic.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Shift=2;Flip;Mixup=0.25", "Shift=2;Flip;Mixup=0.25")]
    [InlineData(" flip , timemask=8 ; FrequencyMask = 4 ", "Flip;TimeMask=8;FrequencyMask=4")]
    [InlineData("none", "Mixup=0")]
    public void WaysToVarySamplesAreRead(string text, string meaning) => Assert.Equal(meaning,
        Parse(("Recovery", "True"), ("CalibrationData", "c.npz"), ("Augment", text)).Augment!.ToString());

    [Theory]
    [InlineData("Shift")]
    [InlineData("Shift=0")]
    [InlineData("Shift=1;Shift=2")]
    [InlineData("Flip=2")]
    [InlineData("Mixup=1.5")]
    [InlineData("Rotate=3")]
    [InlineData("None;Flip")]
    [InlineData(";")]
    public void OtherWaysToVarySamplesAreRefused(string text)
    {
        Diagnostic diagnostic = Fail(("Recovery", "True"), ("CalibrationData", "c.npz"), ("Augment", text));
        Assert.Contains("Augment", diagnostic.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void GroupsAreThoseOfWeightsOfFourBits()
    {
        Assert.Equal(64, Parse(("GroupSize", "64"), ("Precision", "Int4")).GroupSize);
        Assert.Equal(32, Parse(("GroupSize", "32"), ("Precision", "Mixed")).GroupSize);
        Assert.Equal(128, Parse(("GroupSize", "128"), ("Layers", "fc1:Int4")).GroupSize);
        Assert.Equal(64, Parse(("Layers", "fc*:Int4,GroupSize=64")).Layers.GroupSizeOf("fc2"));
        Assert.Contains("accepted is 32, 64 or 128", Fail(("GroupSize", "48"), ("Precision", "Int4")).Text, StringComparison.Ordinal);
        Assert.Contains("weights of 4 bits", Fail(("GroupSize", "64")).Text, StringComparison.Ordinal);
        Assert.Contains("weights of 4 bits", Fail(("Layers", "fc1:Int8,GroupSize=64")).Text, StringComparison.Ordinal);
        Assert.Contains("with Clusters", Fail(("GroupSize", "64"), ("Precision", "Int4"), ("Clusters", "16")).Text,
            StringComparison.Ordinal);
        Assert.Contains("not learned",
            Fail(("GroupSize", "64"), ("Precision", "Int4"), ("Rounding", "Block"), ("CalibrationData", "c.npz")).Text,
            StringComparison.Ordinal);
        Assert.Contains("not trained", Fail(("GroupSize", "64"), ("Precision", "Int4"), ("Recovery", "True"), ("CalibrationData", "c.npz"))
            .Text, StringComparison.Ordinal);
    }

    [Fact]
    public void NothingMeansFloat32AndNoTechnique()
    {
        Assert.Equal(ModelPrecision.Float32, Parse(("Compression", "None")).Precision);
        Assert.Equal(ModelPrecision.Float32, Parse(("Compression", "None"), ("Precision", "Float32")).Precision);
        ModelException error = Assert.Throws<ModelException>(() =>
            Parse(("Compression", "None"), ("Precision", "Int8"), ("sparsity", "0.5"), ("Layers", "a:Int4")));
        Assert.Equal(3, error.Diagnostics.Length);
        Assert.Contains("nothing is done", Fail(("Compression", "None"), ("SparsityPattern", "2:4")).Text, StringComparison.Ordinal);
        Assert.Contains("nothing is done", Fail(("Compression", "None"), ("Rounding", "Compensated"), ("CalibrationData", "c.npz")).Text,
            StringComparison.Ordinal);
        Assert.All(error.Diagnostics, d => Assert.Contains("with Compression=\"None\" nothing is done", d.Text, StringComparison.Ordinal));
    }

    /// <summary>A search sets what the item leaves open, in the way that the item says.</summary>
    [Theory]
    [InlineData("Smallest", "PruningCriterion", "Magnitude")]
    [InlineData("Smallest", "SparsityPattern", "Block")]
    [InlineData("Fastest", "FoldRepair", "Approximate")]
    public void WhatASearchUsesDecidesAboutIt(string recipe, string name, string value) => Assert.NotEqual(
        OptionsText.Write(Parse(("Compression", recipe))), OptionsText.Write(Parse(("Compression", recipe), (name, value))));

    /// <summary>A search may lose what the limit allows, so that its outcome follows from the limit.</summary>
    [Fact]
    public void TheLimitDecidesAboutASearch()
    {
        string Text(string recipe, string drop) =>
            OptionsText.Write(Parse(("Compression", recipe), ("EvaluationData", "e.npz"), ("MaxAccuracyDrop", drop)));
        Assert.NotEqual(Text("Smallest", "0.01"), Text("Smallest", "0.02"));
        Assert.Equal(Text("Balanced", "0.01"), Text("Balanced", "0.02"));
    }

    [Fact]
    public void MixedPathSeparatorsMeanTheSameFile() =>
        Assert.Equal(Path.Combine(Folder, "a", "b.onnx"),
            ItemMetadata.Parse(@"a\b.onnx", new Dictionary<string, string>(), Folder, "").ModelPath);

    [Fact]
    public void OptionsTextFollowsEveryOptionThatDecidesAboutOutputs()
    {
        string text = OptionsText.Write(Parse());
        foreach ((string, string)[] change in ((string, string)[][])
        [
            [("ClassName", "N")], [("Namespace", "N")], [("Accessibility", "Public")], [("Shapes", "a=1")], [("Constants", "a=1")],
                [("Task", "Other")],
            [("CalibrationData", "a")], [("CalibrationSamples", "7")], [("EvaluationData", "a")], [("LabelKey", "k")], [("Labels", "l")],
                [("Metric", "R2")],
            [("Student", "0.5x"), ("CalibrationData", "a")], [("Student", "a.onnx"), ("CalibrationData", "a")],
            [("Head", "h.npz")], [("Head", "h.npz"), ("CalibrationData", "a"), ("SelfTraining", "True")],
            [("Recovery", "True"), ("CalibrationData", "a"), ("Teacher", "a.onnx;b.onnx")],
            [("Recovery", "True"), ("CalibrationData", "a"), ("Augment", "Flip")],
            [("Precision", "Int8")], [("Equalize", "true")], [("Sparsity", "0.3")], [("Fold", "0.3")], [("Rank", "0.5")],
                [("Layers", "a:Int8")], [("Compression", "None")], [("Compression", "Smallest")], [("Compression", "Fastest")],
                [("SparsityPattern", "2:4")],
                [("Rank", "auto")], [("Rank", "0.5"), ("RankForm", "Tucker")], [("Sparsity", "0.3"), ("PruningCriterion", "Magnitude")],
                [("Fold", "0.3"), ("FoldRepair", "Approximate")],
                    [("MinSignalToNoise", "3")], [("MinOutputSignalToNoise", "3")],
                [("Calibration", "MinMax")],
                [("InputType", "UInt8")],
            [("InputType", "UInt8"), ("InputScale", "2")], [("InputType", "UInt8"), ("InputOffset", "2")], [("InputLayout", "NHWC")],
        ])
        {
            string changed = OptionsText.Write(Parse(change));
            Assert.True(changed != text, change[^1].Item1);
            Assert.DoesNotContain(Folder, changed);
        }
        Assert.NotEqual(
            OptionsText.Write(Parse(("Layers", "a:Sparsity=0.5"))),
            OptionsText.Write(Parse(("Layers", "a:Sparsity=0.5"), ("SparsityPattern", "Block"))));
    }

    [Fact]
    public void DocumentationIsTheTable() => Testing.Baseline.Compare("docs/metadata.md", MetadataDocuments.Markdown());

    [Fact]
    public void PropertyPageIsTheTable() =>
        Testing.Baseline.Compare("src/Tasks/build/OptimizerBuild.Rules.xaml", MetadataDocuments.PropertyPage());

    private static ModelOptions Parse(params (string Name, string Value)[] metadata) => ItemMetadata.Parse(
        "models/fashion-mobilenet.onnx", metadata.ToDictionary(m => m.Name, m => m.Value, StringComparer.OrdinalIgnoreCase), Folder,
            "My.App");

    private static Diagnostic Fail(params (string Name, string Value)[] metadata) =>
        Assert.Throws<ModelException>(() => Parse(metadata)).Diagnostic;
}
