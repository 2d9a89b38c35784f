using System.Text;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Data;

/// <summary>Data of which each line is a sample: JSON lines and texts.</summary>
public sealed class LineDataTests : IDisposable
{
    private readonly DataFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public void PropertiesBecomeArrays()
    {
        Write("a.jsonl", """
            {"image": [[1, 2], [3, 4]], "text": "a\n\u00e9", "on": true, "weight": 1, "label": 3}
            {"on": false, "image": [[5, 6], [7, -8]], "text": "", "weight": 0.5, "label": 0}

            """);
        DataSet set = _files.Read("a.jsonl");
        Assert.Equal(["image", "text", "on", "weight", "label"], set.Arrays.Select(a => a.Name));
        Assert.Equal("int64[2,2,2]", set.Find("image")!.Type.ToString());
        Assert.Equal([1L, 2, 3, 4, 5, 6, 7, -8], set.Find("image")!.Values<long>());
        Assert.Equal(["a\né", ""], set.Find("text")!.Values<string>());
        Assert.Equal([true, false], set.Find("on")!.Values<bool>());
        Assert.Equal([1.0, 0.5], set.Find("weight")!.Values<double>());
        Assert.Equal([3L, 0L], set.Labels!.Values<long>());
    }

    [Fact]
    public void NumbersStayWholeWhereAllAre()
    {
        Write("a.jsonl", "{\"x\": [9007199254740993, 1]}\r\n{\"x\": [2, 3]}\r\n");
        Assert.Equal([9007199254740993, 1, 2, 3], _files.Read("a.jsonl").Find("x")!.Values<long>());
        Write("b.ndjson", "{\"x\": [1, 2]}\n{\"x\": [2, 3e2]}");
        Assert.Equal([1.0, 2, 2, 300], _files.Read("b.ndjson").Find("x")!.Values<double>());
    }

    [Fact]
    public void NamesOfClassesAreThoseOfTheFileOfLabels()
    {
        Write("labels.txt", "good\nbad\n");
        Write("a.jsonl", "{\"text\": \"x\", \"label\": \"bad\"}\n{\"text\": \"y\", \"label\": \"good\"}\n");
        var form = new SampleForm { LabelsPath = Path.Combine(_files.Folder, "labels.txt") };
        DataSet set = DataSetReader.Read("a.jsonl", _files.Folder, DataLimits.Default, form: form);
        Assert.Equal([1L, 0L], set.Labels!.ToInt64());
        Assert.Equal(ElementType.String, _files.Read("a.jsonl").Labels!.Element);
        set = DataSetReader.Read(
            "a.jsonl", _files.Folder, DataLimits.Default, form: new SampleForm { OwnLabels = ["ugly", "good", "bad"] });
        Assert.Equal([2L, 1L], set.Labels!.ToInt64());
        Write("a.jsonl", "{\"text\": \"x\", \"label\": \"ugly\"}\n");
        Assert.Equal("OPT0082", Assert.Throws<ModelException>(
            () => DataSetReader.Read("a.jsonl", _files.Folder, DataLimits.Default, form: form)).Diagnostic.Descriptor.Code);
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData("\n \n", "no lines")]
    [InlineData("{\"x\": [[], 1]}", "line 1 has values beside arrays")]
    [InlineData("[1, 2]", "line 1 is no object")]
    [InlineData("{\"x\": 1}\n{\"x\": 1", "line 2 is not JSON")]
    [InlineData("{\"x\": 1}\n{\"y\": 1}", "line 2 has 'y' unlike the first one")]
    [InlineData("{\"x\": 1, \"y\": 2}\n{\"x\": 1}", "line 2 lacks 'y'")]
    [InlineData("{\"x\": 1, \"x\": 2}", "line 1 has 'x' twice")]
    [InlineData("{\"x\": [1, 2]}\n{\"x\": [1]}", "line 2 has an array of 1 in 'x', where the first one has an array of 2")]
    [InlineData("{\"x\": [[1], [1, 2]]}", "line 1 has arrays of 1 and of 2 in 'x'")]
    [InlineData("{\"x\": [1, [2]]}", "line 1 has")]
    [InlineData("{\"x\": [[1], 2]}", "line 1 has values beside arrays")]
    [InlineData("{\"x\": null}", "null")]
    [InlineData("{\"x\": {\"a\": 1}}", "object")]
    [InlineData("{\"x\": 1}\n{\"x\": \"a\"}", "line 2 has string in 'x', where others have number")]
    [InlineData("{\"x\": 1e999}", "too large")]
    [InlineData("{\"x\": \"\\ud800\"}", "not valid")]
    [InlineData("{\"\\ud800\": 1}", "not valid")]
    public void MistakesAreNamed(string text, string said)
    {
        Write("a.jsonl", text);
        Diagnostic error = Assert.Throws<ModelException>(() => _files.Read("a.jsonl")).Diagnostic;
        Assert.Equal("OPT0012", error.Descriptor.Code);
        Assert.Contains(said, error.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatTakesTooMuchMemoryIsAnError()
    {
        Write("a.jsonl", string.Concat(Enumerable.Repeat("{\"x\": [1,2,3,4,5,6,7,8]}\n", 100)));
        Assert.Contains("bytes that are read", Assert.Throws<ModelException>(
            () => _files.Read("a.jsonl", limits: new(1000, 1000))).Message, StringComparison.Ordinal);
        Write("a.txt", string.Concat(Enumerable.Repeat("text\n", 100)));
        Assert.Contains("bytes that are read", Assert.Throws<ModelException>(
            () => _files.Read("a.txt", limits: new(1000, 1000))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void LinesOfATextAreSamples()
    {
        Write("a.txt", "\uFEFFgood day\r\n\r\n é \n\n");
        Tensor texts = _files.Read("a.txt").Find("x")!;
        Assert.Equal(["good day", "", " é "], texts.Values<string>());
        _files.Write("b.txt", [1, 0, 2]);
        Assert.Contains("line 1 is no text", Assert.Throws<ModelException>(() => _files.Read("b.txt")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void DamagedFilesNeverCrash()
    {
        var random = new Random(11);
        byte[] whole = Encoding.UTF8.GetBytes("""
            {"x": [[1.5, -2e3], [3, 4]], "y": "a\u00e9"}
            {"x": [[5, 6], [7, 8]], "y": "b"}

            """);
        for (int round = 0; round < 3000; round++)
        {
            byte[] damaged = round % 4 == 0 ? whole[..random.Next(whole.Length)] : (byte[])whole.Clone();
            for (int i = random.Next(1, 4); i > 0 && damaged.Length > 0; i--)
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            _files.Write("a.jsonl", damaged);
            try
            {
                _files.Read("a.jsonl");
            }
            catch (ModelException error)
            {
                Assert.Equal("OPT0012", error.Diagnostic.Descriptor.Code);
            }
        }
    }

    private void Write(string name, string text) => _files.Write(name, Encoding.UTF8.GetBytes(text));
}
