using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx;
using OptimizerBuild.Options;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Plan;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Data;

/// <summary>Folders and lists of images as calibration and evaluation data, and what the item says of their preparation.</summary>
public sealed class ImageDataTests : IDisposable
{
    private readonly DataFiles _files = new();

    private static string Images => Path.Combine(SharedAssets.RepositoryRoot, "tests", "Tasks.Tests", "Data", "Images");

    public void Dispose() => _files.Dispose();

    /// <summary>PNG files have the pixels that PIL reads; JPEG's decoders may round otherwise.</summary>
    [Fact]
    public void DecodesFilesAsPilDoes()
    {
        string[] lines = File.ReadAllLines(Path.Combine(Images, "pixels.txt"));
        Assert.Equal(7, lines.Length);
        foreach (string line in lines)
        {
            (string name, string pixels) = line.Split(' ') switch { [var n, var p] => (n, p), _ => throw new InvalidDataException(line) };
            byte[] expected = Convert.FromBase64String(pixels);
            (byte[] actual, int width, int height) = ImageFile.Read(Path.Combine(Images, name), name);
            Assert.Equal((19, 13, expected.Length), (width, height, actual.Length));
            int difference = expected.Zip(actual, (a, b) => Math.Abs(a - b)).Max();
            Assert.True(difference <= (name.EndsWith(".png", StringComparison.Ordinal) ? 0 : 8), $"{name}: {difference}");
        }
    }

    /// <summary>Bytes that some cameras leave before the end do no harm; a file that ends within its blocks does.</summary>
    [Fact]
    public void JpegsMustBeWhole()
    {
        byte[] jpeg = File.ReadAllBytes(Path.Combine(Images, "baseline.jpg"));
        Assert.Equal([0xFF, 0xD9], jpeg[^2..]);
        Assert.Null(JpegStructure.Fault(jpeg, 1000));
        Assert.Null(JpegStructure.Fault([.. jpeg[..^2], 1, 2, 3, .. jpeg[^2..]], 1000));
        Assert.Contains("damaged", JpegStructure.Fault(jpeg[..^40], 1000), StringComparison.Ordinal);
        Assert.Contains("damaged", JpegStructure.Fault([.. jpeg[..^40], .. jpeg[^2..]], 1000), StringComparison.Ordinal);
        Assert.Contains("damaged", JpegStructure.Fault(jpeg[..^2], 1000), StringComparison.Ordinal);
        Assert.Contains("pixels", JpegStructure.Fault(jpeg, 100), StringComparison.Ordinal);
    }

    [Fact]
    public void AFolderOfFoldersHasTheirNamesAsLabels()
    {
        Copy("rgb.png", "set/cat/b.png", "set/cat/a.png", "set/dog/deep/c.png");
        Copy("gray.jpg", "set/ant/x.JPG");
        _files.Write("set/ant/readme.txt", "no image"u8.ToArray());
        _files.Write("labels.txt", "dog\nbee\ncat\nant\n"u8.ToArray());

        DataSet byName = Read("set", Form(3, 13, 19));
        Assert.Equal("x uint8[4,13,19,3], y int64[4]", byName.Describe());
        Assert.Equal([0, 1, 1, 2], byName.Labels!.Values<long>());
        DataSet byFile = Read("set", Form(3, 13, 19) with { LabelsPath = Path.Combine(_files.Folder, "labels.txt") });
        Assert.Equal([3, 2, 2, 0], byFile.Labels!.Values<long>());
        Assert.Equal(ImageFile.Read(Path.Combine(Images, "rgb.png"), "").Pixels, byName.Find("x")!.Values<byte>()[^741..]);
        Assert.Equal(["ant/x.JPG", "cat/a.png", "cat/b.png", "dog/deep/c.png"],
            DataSetReader.Files("set", _files.Folder).Select(f => Path.GetRelativePath(Path.Combine(_files.Folder, "set"), f)));
    }

    [Fact]
    public void FoldersOfNumbersAreThoseClasses()
    {
        foreach (int label in (int[])[2, 10, 0])
            Copy("gray.png", $"set/{label}/a.png");
        Assert.Equal([0, 10, 2], Read("set", Form(1, 13, 19)).Labels!.Values<long>());
    }

    [Theory]
    [InlineData("file,label\nimages/a.png,3\nimages/b.png,1\n", "int64[2]")]
    [InlineData("\"images/a.png\";0.5\n\nimages\\b.png;1\n", "float32[2]")]
    [InlineData("images/a.png\timages of a cat\nimages/b.png\tdog\n", "int64[2]")]
    [InlineData("images/a.png\nimages/b.png\n", null)]
    public void ATableNamesFilesAndLabels(string table, string? labels)
    {
        Copy("gray.png", "images/a.png", "images/b.png");
        _files.Write("list.csv", System.Text.Encoding.UTF8.GetBytes(table));
        DataSet data = Read("list.csv", Form(1, 13, 19));
        Assert.Equal("uint8[2,13,19,1]", data.Find("x")!.Type.ToString());
        Assert.Equal(labels, data.Labels?.Type.ToString());
        Assert.Equal(3, DataSetReader.Files("list.csv", _files.Folder).Count());
    }

    [Fact]
    public void ASelectionIsSpreadOverAllFiles()
    {
        for (int i = 0; i < 10; i++)
            Copy("gray.png", $"set/{i / 5}/{i}.png");
        DataSet some = Read("set", Form(1, 13, 19) with { Maximum = 4, IsSelection = true });
        Assert.Equal([0, 0, 1, 1], some.Labels!.Values<long>());
        // Memory for three.
        DataLimits limits = new(3 * 13 * 19, 1 << 20);
        DataSet fitting = DataSetReader.Read("set", _files.Folder, limits, form: Form(1, 13, 19) with { IsSelection = true });
        Assert.Equal(3, fitting.Find("x")!.Dimensions[0]);
        Assert.Equal("OPT0012", Code(() => DataSetReader.Read("set", _files.Folder, limits, form: Form(1, 13, 19))).Descriptor.Code);
    }

    [Fact]
    public void BadFilesAreNamed()
    {
        byte[] png = File.ReadAllBytes(Path.Combine(Images, "rgb.png"));
        byte[] jpeg = File.ReadAllBytes(Path.Combine(Images, "baseline.jpg"));
        (string Name, byte[] Bytes, string Text)[] bad =
        [
            ("cut.png", png[..60], "too early"), ("empty.png", [], "empty"),
            ("text.jpg", "hello there"u8.ToArray(), "neither PNG nor JPEG"),
            ("header.png", png[..20], "too early"), ("cut.jpg", jpeg[..30], "damaged"),
            ("page.png", "<!doctype html><p>"u8.ToArray(), "web page"),
            ("changed.png", [.. png[..50], (byte)~png[50], .. png[51..]], "a checksum is wrong"),
            ("wide.png", PngFile.Gray(65536, 1, (_, _, _, _) => 0), "65536x1 pixels"),
        ];
        foreach ((string name, byte[] bytes, string text) in bad)
        {
            _files.Write($"{name}.set/good.png", png);
            _files.Write($"{name}.set/{name}", bytes);
            Diagnostic diagnostic = Code(() => Read($"{name}.set", Form(3, 13, 19)));
            Assert.Equal(("OPT0081", true, true),
                (diagnostic.Descriptor.Code, diagnostic.Text.Contains($"'{name}'", StringComparison.Ordinal),
                    diagnostic.Text.Contains(text, StringComparison.Ordinal)));
        }
        _files.Write("list.csv", "missing.png,1\n"u8.ToArray());
        Assert.Contains("does not exist", Code(() => Read("list.csv", Form(3, 13, 19))).Text, StringComparison.Ordinal);
    }

    /// <summary>Damaged files of every kind end as an error with a code or as pixels, never otherwise.</summary>
    [Fact]
    public void DamagedFilesNeverCrash()
    {
        var random = new Random(7);
        foreach (string name in (string[])["rgb.png", "palette.png", "alpha.png", "baseline.jpg", "progressive.jpeg", "gray.jpg"])
        {
            byte[] whole = File.ReadAllBytes(Path.Combine(Images, name));
            for (int round = 0; round < 400; round++)
            {
                byte[] damaged = round % 4 == 0 ? whole[..random.Next(9, whole.Length)] : (byte[])whole.Clone();
                for (int i = random.Next(1, 6); i > 0; i--)
                    damaged[random.Next(8, damaged.Length)] = (byte)random.Next(256);
                _files.Write(name, damaged);
                try
                {
                    (byte[] pixels, int width, int height) = ImageFile.Read(Path.Combine(_files.Folder, name), name);
                    Assert.Equal(width * height * 3, pixels.Length);
                }
                catch (ModelException error)
                {
                    Assert.Equal("OPT0081", error.Diagnostic.Descriptor.Code);
                }
            }
        }
    }

    [Fact]
    public void FoldersThatHoldNothingUsableAreErrors()
    {
        Directory.CreateDirectory(Path.Combine(_files.Folder, "empty"));
        Assert.Equal("OPT0012", Code(() => Read("empty", Form(3, 4, 4))).Descriptor.Code);
        Copy("rgb.png", "mixed/a.png", "mixed/cat/b.png");
        Assert.Contains("beside folders of classes", Code(() => Read("mixed", Form(3, 4, 4))).Text, StringComparison.Ordinal);
        Copy("rgb.png", "set/cat/a.png");
        _files.Write("labels.txt", "dog\nbee\n"u8.ToArray());
        SampleForm named = Form(3, 4, 4) with { LabelsPath = Path.Combine(_files.Folder, "labels.txt") };
        Assert.Equal(("OPT0082", true), Code(() => Read("set", named)) is var e
            ? (e.Descriptor.Code, e.Text.Contains("'cat'", StringComparison.Ordinal)) : default);
        _files.Write("list.csv", "set/cat/a.png,1\nset/cat/a.png\n"u8.ToArray());
        Assert.Contains("line 2", Code(() => Read("list.csv", Form(3, 4, 4))).Text, StringComparison.Ordinal);
        _files.Write("list.csv", "set/cat/a.png,1\nnothing,2\n"u8.ToArray());
        Assert.Contains("line 2", Code(() => Read("list.csv", Form(3, 4, 4))).Text, StringComparison.Ordinal);
        Assert.Equal("OPT0080", Code(() => Read("set", SampleForm.None)).Descriptor.Code);
    }

    [Fact]
    public void PresetsAreTheFamiliesNumbers()
    {
        (string Preset, double[] Zero, double[] White)[] expected =
        [
            ("None", [0], [255]), ("Unit", [0], [1]), ("MobileNet", [-1], [1]),
            ("ImageNet", [-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225], [0.515 / 0.229, 0.544 / 0.224, 0.594 / 0.225]),
            ("ImageNetCentered", [-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225], [0.515 / 0.229, 0.544 / 0.224, 0.594 / 0.225]),
            ("Caffe", [-103.939, -116.779, -123.68], [151.061, 138.221, 131.32]),
        ];
        foreach ((string preset, double[] zero, double[] white) in expected)
        {
            ModelOptions options = Options(("Preprocess", preset));
            Assert.Equal((InputElement.UInt8, ImageLayout.NHWC, preset == "Caffe"),
                (options.InputType, options.InputLayout, options.Image!.IsBgr));
            for (int c = 0; c < zero.Length; c++)
            {
                double scale = options.InputScale[c % options.InputScale.Length];
                double offset = options.InputOffset[c % options.InputOffset.Length];
                Assert.Equal(zero[c], offset, 12);
                Assert.Equal(white[c], (255 * scale) + offset, 12);
            }
        }
        ModelOptions own = Options(("Mean", "0.5,0.4,0.3"), ("Std", "0.25"), ("InputType", "Float32"), ("InputLayout", "NCHW"));
        Assert.Equal([-2, -1.6, -1.2], own.InputOffset.Select(o => Math.Round(o, 12)));
        Assert.Equal((InputElement.Float32, ImageLayout.NCHW, 1 / 63.75), (own.InputType, own.InputLayout, own.InputScale[0]));
        ModelOptions levels = Options(("Mean", "127.5"), ("Std", "127.5"));
        Assert.Equal((1 / 127.5, -1.0), (levels.InputScale[0], levels.InputOffset[0]));
        ModelOptions bgr = Options(("Preprocess", "Caffe"), ("ColorOrder", "RGB"));
        Assert.False(bgr.Image!.IsBgr);
        Assert.Equal([-123.68, -116.779, -103.939], bgr.InputOffset);
        Assert.Equal([-0.406 / 0.225, -0.456 / 0.224, -0.485 / 0.229],
            Options(("Preprocess", "ImageNet"), ("ColorOrder", "BGR")).InputOffset);
        // What only one of the two gives, in whatever unit, goes with the other's numbers of the family.
        foreach ((string name, string value) in (IEnumerable<(string, string)>)
            [("Mean", "123.675,116.28,103.53"), ("Mean", "0.485,0.456,0.406"), ("Std", "58.395,57.12,57.375"),
                ("Std", "0.229,0.224,0.225")])
        {
            ModelOptions mixed = Options(("Preprocess", "ImageNet"), (name, value));
            for (int c = 0; c < 3; c++)
            {
                Assert.Equal(expected[3].Item2[c], mixed.InputOffset[c], 9);
                Assert.Equal(expected[3].Item3[c], (255 * mixed.InputScale[c]) + mixed.InputOffset[c], 9);
            }
        }
    }

    [Theory]
    [InlineData("Preprocess", "Imagenet2")]
    [InlineData("Std", "0")]
    [InlineData("Mean", "1,2")]
    [InlineData("Resize", "0")]
    [InlineData("Resize", "9000")]
    [InlineData("Resize", "3x4x5")]
    [InlineData("Crop", "middle")]
    [InlineData("ResizeFilter", "Cubic")]
    [InlineData("ColorOrder", "GBR")]
    [InlineData("InputScale", "1/255")]
    public void WhatIsNotUnderstoodIsNamed(string name, string value)
    {
        Diagnostic diagnostic = Code(() => Options(("Preprocess", name == "Preprocess" ? value : "Unit"), (name, value)));
        Assert.Equal("OPT0010", diagnostic.Descriptor.Code);
        Assert.Contains(name, diagnostic.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "", "3 4 0")]
    [InlineData("8", "", "3 4 8")]
    [InlineData("5x9", "", "5 9 0")]
    [InlineData("8", "3x4", "3 4 8")]
    [InlineData("", "Center", "3 4 4")]
    [InlineData("", "3x4", "3 4 4")]
    public void SizesFollowFromTheItemAndTheModel(string resize, string crop, string expected)
    {
        ModelOptions options = Options(("Preprocess", "Unit"), ("Resize", resize), ("Crop", crop));
        PlanImage image = ImageForm.OfCalls(options, DataFiles.Model(("x", TensorType.Float32(1, 3, 3, 4))))!;
        Assert.Equal(expected, $"{image.ResizedHeight} {image.ResizedWidth} {image.ShorterSide}");
    }

    [Fact]
    public void AMarginIsThatOfTorchvision()
    {
        ModelOptions options = Options(("Preprocess", "ImageNetCentered"));
        Assert.Equal(256, ImageForm.OfCalls(options, DataFiles.Model(("x", TensorType.Float32(1, 3, 224, 224))))!.ShorterSide);
    }

    [Theory]
    [InlineData("3", "")]
    [InlineData("2x9", "")]
    [InlineData("", "4")]
    [InlineData("8", "4x3")]
    public void SizesThatDoNotFitAreErrors(string resize, string crop)
    {
        ModelOptions options = Options(("Preprocess", "Unit"), ("Resize", resize), ("Crop", crop));
        Assert.Equal("OPT0083",
            Code(() => ImageForm.OfCalls(options, DataFiles.Model(("x", TensorType.Float32(1, 3, 3, 4))))).Descriptor.Code);
    }

    [Theory]
    [InlineData("float32 1,4", "rank")]
    [InlineData("float32 2,3,8,8", "batch")]
    [InlineData("float32 1,2,8,8", "channels")]
    [InlineData("float64 1,3,8,8", "element")]
    [InlineData("uint8 1,3,8,8", "planes of bytes")]
    public void ModelsThatTakeNoImagesAreErrors(string type, string what)
    {
        string[] words = type.Split(' ');
        var element = Enum.Parse<ElementType>(words[0], ignoreCase: true);
        var tensor = TensorType.Of(element, [.. words[1].Split(',').Select(int.Parse)]);
        Diagnostic diagnostic = Code(() => ImageForm.OfCalls(Options(("Preprocess", "None")), DataFiles.Model(("x", tensor))));
        Assert.True(diagnostic.Descriptor.Code == "OPT0080", what);
    }

    /// <summary>From files to figures: a model whose class is the brightest quarter of an image, on images larger than it takes.</summary>
    [Fact]
    public void ABuildMeasuresOnImages()
    {
        float[] weights = new float[16 * 4];
        for (int pixel = 0; pixel < 16; pixel++)
            weights[(pixel * 4) + (pixel / 8 * 2) + (pixel % 4 / 2)] = 1;
        _files.Write("m.onnx", new ModelBuilder().Input("image", 1, 1, 4, 4).Constant("w", Tensor.Of(weights, 16, 4))
            .Node("Flatten", "image", "flat").Node("MatMul", "flat,w", "scores").Output("scores").Bytes);
        for (int i = 0; i < 40; i++)
            _files.Write($"images/{i % 4}/{i}.png", PngFile.Gray(10 + (i % 3), 8 + (i % 5), (x, y, w, h) =>
                (byte)((y * 2 >= h ? 2 : 0) + (x * 2 >= w ? 1 : 0) == i % 4 ? 200 : 20 + i)));
        ModelOptions options = ItemMetadata.Parse("m.onnx", new Dictionary<string, string>
        {
            ["Preprocess"] = "Unit", ["CalibrationData"] = "images", ["EvaluationData"] = "images",
        }, _files.Folder, "App");

        CompilationOutcome outcome = ModelCompiler.Compile(options, default);

        Assert.Equal(("Top-1", 1.0, 1.0, 40), (outcome.Plan.Facts.Metric, outcome.Plan.Facts.FloatMetric,
            outcome.Plan.Facts.CompressedMetric, outcome.Plan.Facts.Samples));
        Assert.Equal(new PlanImage(4, 4, 1, false, 4, 4, 0, ImageFilter.Bilinear), outcome.Plan.Image);
        Assert.Equal(outcome.Plan.Image, ModelCompiler.DescribeSignature(options).Image);
        string text = PlanWriter.Write(outcome.Plan);
        Assert.Equal(outcome.Plan.Image, PlanReader.Read(text).Plan!.Image);
        Assert.DoesNotContain(outcome.Diagnostics, d => d.Descriptor.Severity == Severity.Warning);

        // Whoever only asks what the class looks like needs no pixels.
        byte[] image = File.ReadAllBytes(Path.Combine(_files.Folder, "images/0/0.png"));
        _files.Write("images/0/0.png", [1, 2, 3]);
        Assert.NotNull(outcome.Plan.Classifier);
        Assert.Equal(outcome.Plan.Classifier, ModelCompiler.DescribeSignature(options).Classifier);
        _files.Write("images/0/0.png", image);

        // Callers who pass floats get no such method, but the same data.
        ModelOptions floats = ItemMetadata.Parse("m.onnx", new Dictionary<string, string>
        {
            ["Preprocess"] = "Unit", ["CalibrationData"] = "images", ["EvaluationData"] = "images", ["InputType"] = "Float32",
        }, _files.Folder, "App");
        CompilationOutcome withFloats = ModelCompiler.Compile(floats, default);
        Assert.Null(withFloats.Plan.Image);
        Assert.Equal(1.0, withFloats.Plan.Facts.CompressedMetric);
        Assert.NotEqual(OptionsText.Write(options), OptionsText.Write(floats));
    }

    private void Copy(string image, params string[] names)
    {
        foreach (string name in names)
            _files.Write(name, File.ReadAllBytes(Path.Combine(Images, image)));
    }

    private DataSet Read(string specification, SampleForm form) =>
        DataSetReader.Read(specification, _files.Folder, DataLimits.Default, form: form);

    private static SampleForm Form(int channels, int height, int width) =>
        new() { Image = new(new PlanImage(height, width, channels, false, height, width, 0, ImageFilter.Bilinear), true) };

    private static ModelOptions Options(params (string Name, string Value)[] metadata)
    {
        var given = new Dictionary<string, string>();
        foreach ((string name, string value) in metadata)
            given[name] = value;
        return ItemMetadata.Parse("m.onnx", given, Path.GetTempPath(), "App");
    }

    private static Diagnostic Code(Func<object?> action) => Assert.Throws<ModelException>(() => action()).Diagnostic;
}
