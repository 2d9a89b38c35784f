using OptimizerBuild.Diagnostics;

namespace OptimizerBuild.Data;

public sealed class LabelsFileTests : IDisposable
{
    private readonly DataFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public void ReadsOneLabelALine()
    {
        _files.Write("l.txt", "\uFEFFcat\r\ndog \n\u00E9l\u00E9phant\n"u8.ToArray());
        Assert.Equal(["cat", "dog", "éléphant"], LabelsFile.Read(Path.Combine(_files.Folder, "l.txt"), 3));
    }

    [Theory]
    [InlineData("a\nb\n", "expected 3 labels (the model has 3 classes), found 2")]
    [InlineData("a\n\nb\n", "line 2 empty")]
    [InlineData("a\nb\na\n", "'a' 2 times")]
    [InlineData("", "it is empty, or a device or pipe")]
    [InlineData("a\nb\u0001c\nd", "control characters on line 2")]
    public void RefusesOthers(string text, string expected)
    {
        _files.Write("l.txt", System.Text.Encoding.UTF8.GetBytes(text));
        var error = Assert.Throws<ModelException>(() => LabelsFile.Read(Path.Combine(_files.Folder, "l.txt"), 3));
        Assert.Equal("OPT0026", error.Diagnostic.Descriptor.Code);
        Assert.Contains(expected, error.Diagnostic.Text);
    }

    [Fact]
    public void RefusesMissingFiles() =>
        Assert.Equal("OPT0026", Assert.Throws<ModelException>(() => LabelsFile.Read(Path.Combine(_files.Folder, "none.txt"),
            3)).Diagnostic.Descriptor.Code);
}
