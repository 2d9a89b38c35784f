using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using OptimizerBuild.Diagnostics;

namespace OptimizerBuild.Data;

/// <summary>Files that are damaged, too large or made to harm end in OPT0012, quickly and without much memory.</summary>
public sealed class HostileDataTests : IDisposable
{
    private readonly DataFiles _files = new();

    public void Dispose() => _files.Dispose();

    private string Message(string specification, DataLimits? limits = null, long memory = 64 << 20)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        var error = Assert.Throws<ModelException>(() => _files.Read(specification, limits: limits));
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < memory, "much memory was taken for a hostile file");
        Assert.Equal("OPT0012", error.Diagnostic.Descriptor.Code);
        return error.Diagnostic.Text;
    }

    [Theory]
    [InlineData("missing.npz", "does not exist")]
    [InlineData("nowhere/missing.npz", "does not exist")]
    [InlineData("", "no file is named")]
    [InlineData("a=b.npz;c.npz", "name=path")]
    public void MissingFiles(string specification, string text) => Assert.Contains(text, Message(specification));

    [Fact]
    public void ObjectArraysAreNeverUnpickled()
    {
        _files.Write("o.npy", DataFiles.Npy("|O", "(2,)", new byte[64]));
        Assert.Contains("Python objects", Message("o.npy"));
    }

    [Theory]
    [InlineData("<M8[ns]", "only booleans")]
    [InlineData("<U", "only booleans")]
    [InlineData("<U99999999999", "only booleans")]
    [InlineData("<U2000000000", "impossible dimension")]
    [InlineData("<U400000000", "takes more than")]
    [InlineData("<U50", "needs")]
    [InlineData("<c8", "only booleans")]
    [InlineData("", "only booleans")]
    public void OtherElementTypes(string descr, string text)
    {
        _files.Write("o.npy", DataFiles.Npy(descr, "(2,)", new byte[64]));
        Assert.Contains(text, Message("o.npy"));
    }

    [Theory]
    [InlineData("<U1", "not valid")]
    [InlineData("|S4", "not valid")]
    public void TextsThatAreNone(string descr, string text)
    {
        _files.Write("o.npy", DataFiles.Npy(descr, "(1,)", [0x00, 0xD8, 0xFF, 0x7F]));
        Assert.Contains(text, Message("o.npy"));
    }

    [Theory]
    [InlineData("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", "structured")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (1, }", "no NumPy array description")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", "no NumPy array description")]
    [InlineData("{'descr': '<f4', 'fortran_order': maybe, 'shape': (1,), }", "no NumPy array description")]
    [InlineData("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", "no NumPy array description")]
    [InlineData("{'descr': '<f4', 'shape': (1,), }", "no NumPy array description")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), } extra", "no NumPy array description")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }", "no NumPy array description")]
    [InlineData("{'descr': '<f4", "no NumPy array description")]
    [InlineData("", "no NumPy array description")]
    public void DamagedHeaders(string header, string text)
    {
        _files.Write("o.npy", DataFiles.NpyHeader(header, new byte[4]));
        Assert.Contains(text, Message("o.npy"));
    }

    [Theory]
    [InlineData("(4611686018427387904, 4)", "impossible dimension")]
    [InlineData("(2147483647, 2147483647, 2147483647)", "takes more than")]
    [InlineData("(2147483647, 0, 2147483647)", "takes more than")]
    [InlineData("(5, 0)", "followed by bytes")]
    [InlineData("(200000000,)", "the file holds at most")]
    [InlineData("(5,)", "truncated")]
    [InlineData("(3,)", "followed by bytes")]
    [InlineData("(1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,4)", "18 dimensions")]
    public void DimensionsThatDoNotFitTheFile(string shape, string text)
    {
        _files.Write("o.npy", DataFiles.Npy("<f4", shape, new byte[16]));
        Assert.Contains(text, Message("o.npy"));
    }

    [Fact]
    public void DecompressionBombsStopAtTheDeclaredShape()
    {
        byte[] bomb = DataFiles.Npz(CompressionLevel.SmallestSize, ("x.npy", DataFiles.Npy("<f4", "(4,)", new byte[48 << 20])));
        _files.Write("b.npz", bomb);
        Assert.Contains("followed by bytes", Message("b.npz"));
        _files.Write("b.gz", DataFiles.Gzip(DataFiles.Idx(0x08, [4], new byte[16 << 20])));
        Assert.Contains("followed by bytes", Message("b.gz"));
    }

    [Fact]
    public void TheLimitsHold()
    {
        _files.Write("b.npz", DataFiles.Npz(CompressionLevel.Optimal,
            ("x.npy", DataFiles.Npy("<f4", "(300,)", new byte[1200])), ("z.npy", DataFiles.Npy("<f4", "(300,)", new byte[1200]))));
        Assert.Contains("takes more than", Message("b.npz", new DataLimits(1000, 10000)));
        Assert.Contains("takes more than", Message("b.npz", new DataLimits(2000, 2000)));
        Assert.Equal(2, _files.Read("b.npz", limits: new DataLimits(1200, 2400)).Arrays.Length);
    }

    [Fact]
    public void AnArchiveThatClaimsMoreThanItCanHold()
    {
        byte[] zip = DataFiles.Npz(CompressionLevel.Optimal, ("x.npy", DataFiles.Npy("<f4", "(100000000,)", new byte[16])));
        // The uncompressed length in the central directory (PKWARE APPNOTE 4.3.12: offset 24) is only a claim.
        int directory = zip.AsSpan().LastIndexOf("PK\u0001\u0002"u8);
        BinaryPrimitives.WriteUInt32LittleEndian(zip.AsSpan(directory + 24), 400_000_128);
        _files.Write("c.npz", zip);
        Assert.Contains("cannot hold", Message("c.npz"));
    }

    [Fact]
    public void ArchivesWithOtherEntriesOrTwiceTheSame()
    {
        byte[] npy = DataFiles.Npy("<f4", "(1,)", new byte[4]);
        _files.Write("a.npz", DataFiles.Npz(CompressionLevel.Optimal, ("x.txt", npy)));
        Assert.Contains("no .npy array", Message("a.npz"));
        _files.Write("b.npz", DataFiles.Npz(CompressionLevel.Optimal, ("x.npy", npy), ("x.npy", npy)));
        Assert.Contains("two arrays named 'x'", Message("b.npz"));
    }

    [Theory]
    [InlineData("x,y\n1,2\n1,zwei\n", "column y: 'zwei' is not a number")]
    [InlineData("1,2\n1,2,3\n", "3 columns")]
    [InlineData("x\n\n\n1\n\n2x\n", "line 6, column x: '2x' is not a number")]
    [InlineData("\"x\ny\",z\r\n1,2\r\n3,?\r\n", "line 4, column z: '?' is not a number")]
    [InlineData("1,2\n3,\"4\n5,6\n", "line 4, column 2: '4\n5,6\n' is not a number")]
    [InlineData("a\",b\n1,2\n3\",4\n5,6\n", "line 3 has a quote inside a value")]
    [InlineData("1,2\n \n", "line 2 has 1 columns, the first line has 2")]
    [InlineData("a,b\n", "no rows")]
    [InlineData("", "it is empty, or a device or pipe")]
    [InlineData("\0\0\0\0", "no text")]
    public void DamagedTables(string text, string expected)
    {
        _files.Write("t.csv", Encoding.UTF8.GetBytes(text));
        Assert.Contains(expected, Message("t.csv"));
    }

    [Fact]
    public void ValuesAndRowsOfATableHaveALimit()
    {
        _files.Write("t.csv", Encoding.UTF8.GetBytes("a,b\n1,2\n" + new string('3', 70_000) + ",4\n"));
        Assert.Contains("line 3 cannot be read as a table row", Message("t.csv"));
        _files.Write("t.csv", Encoding.UTF8.GetBytes("a,b\n1,\"" + new string('\n', 20 << 20)));
        // The buffer doubles up to 16 million characters.
        Assert.Contains("line 2 cannot be read as a table row", Message("t.csv", memory: 192 << 20));
    }

    [Fact]
    public void UnknownColumnsAndForms()
    {
        _files.Write("t.csv", "a,b\n1,2\n"u8.ToArray());
        var error = Assert.Throws<ModelException>(() => _files.Read("t.csv", "price"));
        Assert.Contains("no column 'price'; its columns are a, b", error.Diagnostic.Text);
        _files.Write("t.dat", "hello"u8.ToArray());
        Assert.Contains("its form is not known", Message("t.dat"));
        _files.Write("t.pb", [0xFF, 0xFF, 0xFF]);
        Assert.Contains("not a TensorProto", Message("t.pb"));
        Directory.CreateDirectory(Path.Combine(_files.Folder, "empty"));
        Assert.Contains("holds no file input_0.pb", Message("empty"));
    }
}
